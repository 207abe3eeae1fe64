-- A shop for glasses and hearing aids in the manner of AMPAREX, for SQLite.
--
-- It is the database that the policy beside it is written for. Days are ISO
-- dates ('2026-01-31'), amounts are whole cents. What people see on screen and
-- on paper comes from the views at the end.

-- ---------------------------------------------------------------------------
-- Set-up: no customer data
-- ---------------------------------------------------------------------------

CREATE TABLE branches (
    branch_no INTEGER     NOT NULL PRIMARY KEY,
    title     VARCHAR(60) NOT NULL,
    city      VARCHAR(60) NOT NULL
);

CREATE TABLE staff (
    staff_no  INTEGER     NOT NULL PRIMARY KEY,
    branch_no INTEGER     NOT NULL REFERENCES branches (branch_no),
    full_name VARCHAR(80) NOT NULL,
    role      VARCHAR(20) NOT NULL CHECK (role IN ('administrator', 'optician', 'acoustician', 'office'))
);

-- Who prescribes.
CREATE TABLE doctors (
    doctor_no  INTEGER     NOT NULL PRIMARY KEY,
    full_name  VARCHAR(80) NOT NULL,
    discipline VARCHAR(20) NOT NULL CHECK (discipline IN ('eyes', 'ears'))
);

CREATE TABLE insurers (
    insurer_no INTEGER     NOT NULL PRIMARY KEY,
    title      VARCHAR(80) NOT NULL
);

CREATE TABLE articles (
    article_no  INTEGER      NOT NULL PRIMARY KEY,
    title       VARCHAR(100) NOT NULL,
    kind        VARCHAR(20)  NOT NULL CHECK (kind IN ('frame', 'lens', 'contact lens', 'hearing aid', 'battery', 'service')),
    price_cents INTEGER      NOT NULL
);

-- ---------------------------------------------------------------------------
-- Customers
-- ---------------------------------------------------------------------------

CREATE TABLE customers (
    customer_no   INTEGER      NOT NULL PRIMARY KEY,
    branch_no     INTEGER      NOT NULL REFERENCES branches (branch_no),
    -- 'deleted' and 'deceased' still stand in the search; 'anonymized' does not
    status        VARCHAR(12)  NOT NULL DEFAULT 'active'
        CHECK (status IN ('prospect', 'active', 'deleted', 'deceased', 'anonymized')),
    salutation    VARCHAR(20),
    title         VARCHAR(20),
    first_name    VARCHAR(60),
    last_name     VARCHAR(60)  NOT NULL,
    display_name  VARCHAR(120) NOT NULL,                    -- as documents have it: 'Dr. Ada Beispiel'
    birth_date    DATE,
    sex           VARCHAR(1)   CHECK (sex IN ('f', 'm', 'x')),
    street        VARCHAR(100),
    post_code     VARCHAR(10),
    city          VARCHAR(60),
    country       VARCHAR(2)   NOT NULL DEFAULT 'DE',
    profession    VARCHAR(60),
    insurer_no    INTEGER      REFERENCES insurers (insurer_no),
    insured_no    VARCHAR(20),                              -- with the insurer
    health_remark TEXT,
    registered_on DATE         NOT NULL,
    anonymized    BOOLEAN      NOT NULL DEFAULT FALSE,
    anonymized_on DATE
);

CREATE TABLE contact_points (
    contact_point_no INTEGER PRIMARY KEY,
    customer_no      INTEGER      NOT NULL REFERENCES customers (customer_no),
    kind             VARCHAR(10)  NOT NULL CHECK (kind IN ('phone', 'mobile', 'fax', 'email')),
    value            VARCHAR(100) NOT NULL,
    remark           VARCHAR(60)                            -- 'of the neighbour'
);

-- Families: both are customers.
CREATE TABLE customer_relations (
    customer_no INTEGER     NOT NULL REFERENCES customers (customer_no),
    related_no  INTEGER     NOT NULL REFERENCES customers (customer_no),
    kind        VARCHAR(20) NOT NULL CHECK (kind IN ('spouse', 'parent', 'child', 'guardian')),
    PRIMARY KEY (customer_no, related_no)
);

-- Whether a customer may be written to, by which way.
CREATE TABLE consents (
    customer_no INTEGER     NOT NULL REFERENCES customers (customer_no),
    channel     VARCHAR(10) NOT NULL CHECK (channel IN ('letter', 'email', 'phone')),
    granted     BOOLEAN     NOT NULL,
    granted_on  DATE        NOT NULL,
    PRIMARY KEY (customer_no, channel)
);

-- ---------------------------------------------------------------------------
-- Eyes and ears
-- ---------------------------------------------------------------------------

CREATE TABLE prescriptions (
    prescription_no INTEGER NOT NULL PRIMARY KEY,
    customer_no     INTEGER NOT NULL REFERENCES customers (customer_no),
    doctor_no       INTEGER REFERENCES doctors (doctor_no),
    prescribed_on   DATE   NOT NULL,
    diagnosis       TEXT
);

CREATE TABLE refractions (
    refraction_no INTEGER     NOT NULL PRIMARY KEY,
    customer_no   INTEGER     NOT NULL REFERENCES customers (customer_no),
    staff_no      INTEGER     NOT NULL REFERENCES staff (staff_no),
    measured_on   DATE        NOT NULL,
    right_eye     VARCHAR(40),                              -- sphere, cylinder, axis
    left_eye      VARCHAR(40)
);

CREATE TABLE audiograms (
    audiogram_no INTEGER NOT NULL PRIMARY KEY,
    customer_no  INTEGER NOT NULL REFERENCES customers (customer_no),
    staff_no     INTEGER NOT NULL REFERENCES staff (staff_no),
    measured_on  DATE   NOT NULL,
    thresholds   TEXT                                       -- JSON: decibels by ear and frequency
);

-- ---------------------------------------------------------------------------
-- Cases: what a customer wants made, from the first talk to the last payment
-- ---------------------------------------------------------------------------

CREATE TABLE cases (
    case_no     INTEGER     NOT NULL PRIMARY KEY,
    customer_no INTEGER     NOT NULL REFERENCES customers (customer_no),
    branch_no   INTEGER     NOT NULL REFERENCES branches (branch_no),
    kind        VARCHAR(20) NOT NULL CHECK (kind IN ('glasses', 'contact lenses', 'hearing aid', 'repair')),
    state       VARCHAR(12) NOT NULL CHECK (state IN ('open', 'ordered', 'ready', 'delivered', 'cancelled')),
    opened_on   DATE        NOT NULL,
    closed_on   DATE,
    remark      TEXT
);

-- What is ordered from a manufacturer; the commission tells whose it is.
CREATE TABLE supplier_orders (
    supplier_order_no INTEGER     NOT NULL PRIMARY KEY,
    case_no           INTEGER     NOT NULL REFERENCES cases (case_no),
    supplier          VARCHAR(60) NOT NULL,
    commission        VARCHAR(80) NOT NULL,                 -- 'Beispiel, Ada 1003'
    ordered_on        DATE        NOT NULL
);

-- Hearing aids and what else has a serial number.
CREATE TABLE devices (
    device_no   INTEGER     NOT NULL PRIMARY KEY,
    customer_no INTEGER     NOT NULL REFERENCES customers (customer_no),
    article_no  INTEGER     NOT NULL REFERENCES articles (article_no),
    serial_no   VARCHAR(40) NOT NULL UNIQUE,
    handed_on   DATE        NOT NULL
);

-- Devices that are lent out to be tried.
CREATE TABLE device_loans (
    loan_no     INTEGER     NOT NULL PRIMARY KEY,
    customer_no INTEGER     NOT NULL REFERENCES customers (customer_no),
    article_no  INTEGER     NOT NULL REFERENCES articles (article_no),
    lent_on     DATE        NOT NULL,
    returned_on DATE
);

-- ---------------------------------------------------------------------------
-- Quotes, invoices, money
-- ---------------------------------------------------------------------------

CREATE TABLE quotes (
    quote_no          VARCHAR(20)  NOT NULL PRIMARY KEY,    -- 'A-100123'
    case_no           INTEGER      NOT NULL REFERENCES cases (case_no),
    customer_no       INTEGER      NOT NULL REFERENCES customers (customer_no),
    quoted_on         DATE         NOT NULL,
    recipient_name    VARCHAR(120) NOT NULL,
    recipient_address VARCHAR(200),
    total_cents       INTEGER      NOT NULL
);

CREATE TABLE quote_lines (
    quote_no    VARCHAR(20)  NOT NULL REFERENCES quotes (quote_no),
    line_no     INTEGER      NOT NULL,
    article_no  INTEGER      REFERENCES articles (article_no),
    description VARCHAR(200) NOT NULL,
    total_cents INTEGER      NOT NULL,
    PRIMARY KEY (quote_no, line_no)
);

-- Who wears and who pays may be two people: a child and a parent.
CREATE TABLE invoices (
    invoice_no    VARCHAR(20)  NOT NULL PRIMARY KEY,        -- 'R-100123'
    case_no       INTEGER      NOT NULL REFERENCES cases (case_no),
    customer_no   INTEGER      NOT NULL REFERENCES customers (customer_no),
    payer_no      INTEGER      NOT NULL REFERENCES customers (customer_no),
    state         VARCHAR(10)  NOT NULL CHECK (state IN ('open', 'reminded', 'paid', 'cancelled')),
    issued_on     DATE         NOT NULL,
    wearer_name   VARCHAR(120) NOT NULL,
    payer_name    VARCHAR(120) NOT NULL,
    payer_address VARCHAR(200),
    net_cents     INTEGER      NOT NULL,
    vat_cents     INTEGER      NOT NULL,
    total_cents   INTEGER      NOT NULL
);

CREATE TABLE invoice_lines (
    invoice_no  VARCHAR(20)  NOT NULL REFERENCES invoices (invoice_no),
    line_no     INTEGER      NOT NULL,
    article_no  INTEGER      REFERENCES articles (article_no),
    description VARCHAR(200) NOT NULL,
    total_cents INTEGER      NOT NULL,
    PRIMARY KEY (invoice_no, line_no)
);

CREATE TABLE payments (
    payment_no   INTEGER     NOT NULL PRIMARY KEY,
    invoice_no   VARCHAR(20) NOT NULL REFERENCES invoices (invoice_no),
    paid_on      DATE        NOT NULL,
    way          VARCHAR(10) NOT NULL CHECK (way IN ('cash', 'card', 'transfer')),
    amount_cents INTEGER     NOT NULL,
    reference    VARCHAR(140)                               -- what the bank sent along
);

-- Paid beforehand, until an invoice takes it over.
CREATE TABLE deposits (
    deposit_no   INTEGER NOT NULL PRIMARY KEY,
    customer_no  INTEGER NOT NULL REFERENCES customers (customer_no),
    paid_on      DATE    NOT NULL,
    amount_cents INTEGER NOT NULL,
    settled      BOOLEAN NOT NULL DEFAULT FALSE
);

-- What an insurer is asked to pay.
CREATE TABLE insurance_claims (
    claim_no    INTEGER     NOT NULL PRIMARY KEY,
    case_no     INTEGER     NOT NULL REFERENCES cases (case_no),
    insurer_no  INTEGER     NOT NULL REFERENCES insurers (insurer_no),
    insured_no  VARCHAR(20),
    state       VARCHAR(10) NOT NULL CHECK (state IN ('submitted', 'queried', 'settled', 'refused')),
    claim_cents INTEGER     NOT NULL
);

-- ---------------------------------------------------------------------------
-- Diary, letters, selections
-- ---------------------------------------------------------------------------

CREATE TABLE appointments (
    appointment_no INTEGER     NOT NULL PRIMARY KEY,
    customer_no    INTEGER     NOT NULL REFERENCES customers (customer_no),
    staff_no       INTEGER     NOT NULL REFERENCES staff (staff_no),
    day            DATE        NOT NULL,
    kind           VARCHAR(20) NOT NULL CHECK (kind IN ('eye test', 'hearing test', 'fitting', 'collection')),
    state          VARCHAR(10) NOT NULL CHECK (state IN ('booked', 'kept', 'missed', 'cancelled')),
    remark         VARCHAR(200)
);

-- Whom to call again, and when.
CREATE TABLE recalls (
    recall_no   INTEGER     NOT NULL PRIMARY KEY,
    customer_no INTEGER     NOT NULL REFERENCES customers (customer_no),
    due_on      DATE        NOT NULL,
    state       VARCHAR(10) NOT NULL CHECK (state IN ('open', 'done')),
    subject     VARCHAR(200)
);

CREATE TABLE letters (
    letter_no   INTEGER PRIMARY KEY,
    customer_no INTEGER      NOT NULL REFERENCES customers (customer_no),
    written_on  DATE         NOT NULL,
    subject     VARCHAR(200) NOT NULL,
    body        TEXT         NOT NULL
);

-- Free text on anything: the owner is named by type and number.
CREATE TABLE notes (
    note_no    INTEGER     NOT NULL PRIMARY KEY,
    owner_type VARCHAR(10) NOT NULL CHECK (owner_type IN ('customer', 'case', 'article')),
    owner_no   INTEGER     NOT NULL,
    staff_no   INTEGER     NOT NULL REFERENCES staff (staff_no),
    body       TEXT        NOT NULL
);

-- Customers found by an evaluation, saved under a name.
CREATE TABLE selections (
    selection_no INTEGER     NOT NULL PRIMARY KEY,
    title        VARCHAR(80) NOT NULL,
    staff_no     INTEGER     NOT NULL REFERENCES staff (staff_no),
    saved_on     DATE        NOT NULL
);

CREATE TABLE selection_entries (
    selection_no INTEGER NOT NULL REFERENCES selections (selection_no),
    customer_no  INTEGER NOT NULL REFERENCES customers (customer_no),
    PRIMARY KEY (selection_no, customer_no)
);

CREATE TABLE mailings (
    mailing_no INTEGER     NOT NULL PRIMARY KEY,
    title      VARCHAR(80) NOT NULL,
    sent_on    DATE
);

CREATE TABLE mailing_recipients (
    mailing_no  INTEGER      NOT NULL REFERENCES mailings (mailing_no),
    customer_no INTEGER      NOT NULL REFERENCES customers (customer_no),
    label       VARCHAR(200) NOT NULL,                      -- as it is printed on the envelope
    state       VARCHAR(10)  NOT NULL CHECK (state IN ('planned', 'sent', 'answered')),
    PRIMARY KEY (mailing_no, customer_no)
);

-- ---------------------------------------------------------------------------
-- What people see
-- ---------------------------------------------------------------------------

-- The search for customers. Those deleted or deceased are found as ever.
CREATE VIEW customer_search AS
SELECT customer_no, display_name, birth_date, city, status FROM customers WHERE status <> 'anonymized';

-- Whom a serial letter can go to.
CREATE VIEW mail_merge AS
SELECT customer_no, salutation, display_name, street, post_code, city FROM customers WHERE status <> 'anonymized';

-- The head of each document, as it is shown or printed today.
CREATE VIEW printed_documents AS
SELECT 'quote' AS kind, quote_no AS document_no, recipient_name AS name, recipient_address AS address, total_cents FROM quotes
UNION ALL
SELECT 'invoice', invoice_no, payer_name, payer_address, total_cents FROM invoices
UNION ALL
SELECT 'case sheet', CAST(c.case_no AS VARCHAR(20)), p.display_name, p.street, NULL
FROM cases AS c JOIN customers AS p ON p.customer_no = c.customer_no;

-- Evaluations.
CREATE VIEW revenue_by_month AS
SELECT substr(CAST(i.issued_on AS VARCHAR(10)), 1, 7) AS month, c.branch_no, count(*) AS invoices, sum(i.total_cents) AS total_cents
FROM invoices AS i JOIN cases AS c ON c.case_no = i.case_no
WHERE i.state <> 'cancelled'
GROUP BY 1, 2;

CREATE VIEW sales_by_article AS
SELECT a.article_no, a.kind, count(*) AS lines, sum(l.total_cents) AS total_cents
FROM invoice_lines AS l JOIN articles AS a ON a.article_no = l.article_no
GROUP BY 1, 2;

CREATE VIEW customers_by_decade AS
SELECT substr(CAST(birth_date AS VARCHAR(10)), 1, 3) AS decade, sex, substr(post_code, 1, 2) AS region, count(*) AS customers
FROM customers
GROUP BY 1, 2, 3;

-- ---------------------------------------------------------------------------
-- Indexes
-- ---------------------------------------------------------------------------

CREATE INDEX customers_registered_on ON customers (registered_on);
CREATE INDEX contact_points_customer ON contact_points (customer_no);
CREATE INDEX customer_relations_related ON customer_relations (related_no);
CREATE INDEX prescriptions_customer ON prescriptions (customer_no);
CREATE INDEX refractions_customer ON refractions (customer_no);
CREATE INDEX audiograms_customer ON audiograms (customer_no);
CREATE INDEX cases_customer ON cases (customer_no, opened_on);
CREATE INDEX cases_opened_on ON cases (opened_on);
CREATE INDEX supplier_orders_case ON supplier_orders (case_no);
CREATE INDEX devices_customer ON devices (customer_no);
CREATE INDEX device_loans_customer ON device_loans (customer_no);
CREATE INDEX quotes_customer ON quotes (customer_no);
CREATE INDEX invoices_customer ON invoices (customer_no, issued_on);
CREATE INDEX invoices_payer ON invoices (payer_no, issued_on);
CREATE INDEX invoices_issued_on ON invoices (issued_on);
CREATE INDEX payments_invoice ON payments (invoice_no);
CREATE INDEX deposits_customer ON deposits (customer_no);
CREATE INDEX insurance_claims_case ON insurance_claims (case_no);
CREATE INDEX appointments_customer ON appointments (customer_no, day);
CREATE INDEX appointments_day ON appointments (day);
CREATE INDEX recalls_customer ON recalls (customer_no);
CREATE INDEX letters_customer ON letters (customer_no);
CREATE INDEX notes_owner ON notes (owner_no, owner_type);
CREATE INDEX selection_entries_customer ON selection_entries (customer_no);
CREATE INDEX mailing_recipients_customer ON mailing_recipients (customer_no);
