-- A small ERP in the manner of NP Retail for Business Central, for PostgreSQL.
--
-- The tables of schema.sql beside it, in the types of this database: the same
-- policy is a plan on both. Tables come first, foreign keys and indexes last: a
-- bulk load runs the second part when the rows are in.

-- ---------------------------------------------------------------------------
-- Set-up: no customer data
-- ---------------------------------------------------------------------------

CREATE TABLE customer_posting_groups (
    code                VARCHAR(20)  NOT NULL PRIMARY KEY,
    description         VARCHAR(100) NOT NULL,
    receivables_account VARCHAR(20)  NOT NULL
);

CREATE TABLE gen_bus_posting_groups (
    code                   VARCHAR(20)  NOT NULL PRIMARY KEY,
    description            VARCHAR(100) NOT NULL,
    vat_bus_posting_group  VARCHAR(20)  NOT NULL
);

CREATE TABLE items (
    item_no     VARCHAR(20)   NOT NULL PRIMARY KEY,
    description VARCHAR(100)  NOT NULL,
    unit_price  NUMERIC(18,2) NOT NULL,
    blocked     INTEGER       NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1))
);

-- ---------------------------------------------------------------------------
-- Customers and the people behind them
-- ---------------------------------------------------------------------------

-- Persons that customers deal through. A person may serve several customers
-- (an accountant, a parent), see contact_business_relations.
CREATE TABLE contacts (
    contact_no      TEXT         NOT NULL PRIMARY KEY,   -- 'CT000123'
    type            VARCHAR(10)  NOT NULL DEFAULT 'Person' CHECK (type IN ('Person', 'Company')),
    name            VARCHAR(100) NOT NULL,
    search_name     VARCHAR(100) NOT NULL DEFAULT '',
    job_title       VARCHAR(50),
    address         VARCHAR(100),
    address_2       VARCHAR(50),
    city            VARCHAR(50),
    post_code       VARCHAR(20),
    country         VARCHAR(10),
    phone_no        VARCHAR(30),
    mobile_phone_no VARCHAR(30),
    email           VARCHAR(80),
    picture         BYTEA,
    created_on      DATE         NOT NULL,
    company_no      TEXT,                            -- the contact of the company that a person belongs to
    other_relation  VARCHAR(20)  NOT NULL DEFAULT ''      -- what else the contact is to the company
        CHECK (other_relation IN ('', 'Vendor', 'Bank Account', 'Employee'))
);

CREATE TABLE customers (
    customer_no            TEXT          NOT NULL PRIMARY KEY,   -- 'C000123'
    type                   VARCHAR(10)   NOT NULL DEFAULT 'Person' CHECK (type IN ('Person', 'Company')),
    name                   VARCHAR(100)  NOT NULL,
    name_2                 VARCHAR(50),
    search_name            VARCHAR(100)  NOT NULL DEFAULT '',
    address                VARCHAR(100),
    address_2              VARCHAR(50),
    city                   VARCHAR(50),
    post_code              VARCHAR(20),
    country                VARCHAR(10),
    contact                VARCHAR(100),                          -- name of the primary contact, typed over
    contact_no             TEXT,
    phone_no               VARCHAR(30),
    mobile_phone_no        VARCHAR(30),
    email                  VARCHAR(80),                           -- also the login of the web shop: unique
    home_page              VARCHAR(80),
    vat_registration_no    VARCHAR(20),
    gln                    VARCHAR(13)   CHECK (gln IS NULL OR length(gln) IN (0, 13)),
    picture                BYTEA,
    birth_date             DATE,
    customer_posting_group VARCHAR(20)   NOT NULL,
    gen_bus_posting_group  VARCHAR(20)   NOT NULL,
    bill_to_customer_no    TEXT,   -- who pays, if not the customer
    payment_terms_code     VARCHAR(10)   NOT NULL DEFAULT '30D',
    credit_limit           NUMERIC(18,2) NOT NULL DEFAULT 0,
    blocked                TEXT          NOT NULL DEFAULT '' CHECK (blocked IN ('', 'Ship', 'Invoice', 'All')),
    to_anonymize_on        DATE,                                  -- NULL: no date
    anonymized             INTEGER       NOT NULL DEFAULT 0 CHECK (anonymized IN (0, 1)),
    anonymized_date        DATE,
    created_on             DATE          NOT NULL,
    last_modified_at       TIMESTAMP,
    attributes             JSONB                                  -- of the web shop
);

-- Which contact serves which customer. A contact with one row belongs to that
-- customer alone, a contact with several is shared.
CREATE TABLE contact_business_relations (
    contact_no  TEXT NOT NULL,
    customer_no TEXT NOT NULL,
    role        VARCHAR(20) NOT NULL DEFAULT 'Purchaser',
    PRIMARY KEY (contact_no, customer_no)
);

-- E-mail addresses and telephone numbers, several a customer.
CREATE TABLE contact_points (
    contact_point_id BIGINT PRIMARY KEY,
    customer_no      TEXT         NOT NULL,
    kind             VARCHAR(10)  NOT NULL CHECK (kind IN ('email', 'phone', 'mobile', 'fax', 'chat')),
    value            VARCHAR(100) NOT NULL,
    label            VARCHAR(50),
    newsletter       INTEGER      NOT NULL DEFAULT 0,
    verified_at      TIMESTAMP
);

CREATE TABLE ship_to_addresses (
    customer_no TEXT         NOT NULL,
    code        VARCHAR(10)  NOT NULL,
    name        VARCHAR(100) NOT NULL,
    address     VARCHAR(100),
    address_2   VARCHAR(50),
    city        VARCHAR(50),
    post_code   VARCHAR(20),
    country     VARCHAR(10),
    phone_no    VARCHAR(30),
    PRIMARY KEY (customer_no, code)
);

-- Whatever somebody once wanted to know about a customer, one row a fact.
CREATE TABLE customer_attributes (
    customer_no TEXT        NOT NULL,
    attribute   VARCHAR(30) NOT NULL,
    value       TEXT,
    changed_on  DATE,
    PRIMARY KEY (customer_no, attribute)
);

CREATE TABLE memberships (
    membership_no    TEXT        NOT NULL PRIMARY KEY,   -- 'M0000123'
    customer_no      TEXT        NOT NULL,
    membership_code  VARCHAR(20) NOT NULL,
    display_name     VARCHAR(100),
    external_card_no VARCHAR(30),
    status           VARCHAR(10) NOT NULL CHECK (status IN ('Active', 'Expired', 'Cancelled')),
    valid_from       DATE        NOT NULL,
    valid_until      DATE,                               -- NULL: until cancelled
    points           INTEGER     NOT NULL DEFAULT 0
);

-- Follow-ups of the staff. A task names a customer, a contact, or both.
CREATE TABLE tasks (
    task_no         BIGINT PRIMARY KEY,
    customer_no     TEXT,
    main_contact_no TEXT,
    task_type       VARCHAR(20)  NOT NULL CHECK (task_type IN ('call', 'visit', 'complaint', 'repair', 'offer')),
    subject         VARCHAR(250) NOT NULL,
    status          VARCHAR(10)  NOT NULL CHECK (status IN ('open', 'waiting', 'done')),
    created_on      DATE         NOT NULL,
    closed_on       DATE
);

-- Free text on anything: the owner is named by its type and number.
CREATE TABLE notes (
    note_id    BIGINT PRIMARY KEY,
    owner_type VARCHAR(30) NOT NULL CHECK (owner_type IN ('Customer', 'Contact', 'Posted Sales Invoice', 'Item')),
    owner_no   TEXT        NOT NULL,
    body       TEXT        NOT NULL,
    user_id    VARCHAR(50) NOT NULL,                     -- the member of staff who wrote it
    written_at TIMESTAMP    NOT NULL
);

-- ---------------------------------------------------------------------------
-- Sales in progress
-- ---------------------------------------------------------------------------

-- Quotes and orders until they are posted; then they move to the posted tables.
-- 'Archived' quotes and orders stay without being open any more.
CREATE TABLE sales_headers (
    document_type        VARCHAR(15)  NOT NULL CHECK (document_type IN ('Quote', 'Order', 'Return Order')),
    document_no          TEXT         NOT NULL,          -- 'SO-0000123'
    sell_to_customer_no  TEXT         NOT NULL,
    sell_to_name         VARCHAR(100) NOT NULL,
    sell_to_address      VARCHAR(100),
    sell_to_city         VARCHAR(50),
    sell_to_post_code    VARCHAR(20),
    sell_to_country      VARCHAR(10),
    sell_to_contact      VARCHAR(100),
    sell_to_email        VARCHAR(80),
    sell_to_phone_no     VARCHAR(30),
    bill_to_customer_no  TEXT         NOT NULL,
    bill_to_name         VARCHAR(100) NOT NULL,
    bill_to_address      VARCHAR(100),
    bill_to_city         VARCHAR(50),
    bill_to_post_code    VARCHAR(20),
    bill_to_country      VARCHAR(10),
    ship_to_name         VARCHAR(100),
    ship_to_address      VARCHAR(100),
    ship_to_city         VARCHAR(50),
    ship_to_post_code    VARCHAR(20),
    ship_to_country      VARCHAR(10),
    your_reference       VARCHAR(35),
    order_date           DATE         NOT NULL,
    status               VARCHAR(20)  NOT NULL
        CHECK (status IN ('Open', 'Pending Approval', 'Released', 'Archived')),
    amount_including_vat NUMERIC(18,2) NOT NULL DEFAULT 0,
    PRIMARY KEY (document_type, document_no)
);

CREATE TABLE sales_lines (
    document_type VARCHAR(15)   NOT NULL,
    document_no   TEXT          NOT NULL,
    line_no       INTEGER       NOT NULL,
    item_no       VARCHAR(20),   -- NULL: a line of text
    description   VARCHAR(100)  NOT NULL DEFAULT '',
    quantity      NUMERIC(18,5) NOT NULL DEFAULT 0,
    unit_price    NUMERIC(18,2) NOT NULL DEFAULT 0,
    line_amount   NUMERIC(18,2) NOT NULL DEFAULT 0,
    PRIMARY KEY (document_type, document_no, line_no)
);

-- What quotes and orders looked like before they were changed, posted or deleted,
-- version by version. No foreign key: the document itself may be gone.
CREATE TABLE sales_header_archives (
    document_type        VARCHAR(15)  NOT NULL,
    document_no          TEXT         NOT NULL,
    version_no           INTEGER      NOT NULL,
    sell_to_customer_no  TEXT         NOT NULL,
    sell_to_name         VARCHAR(100) NOT NULL,
    sell_to_address      VARCHAR(100),
    sell_to_city         VARCHAR(50),
    sell_to_post_code    VARCHAR(20),
    sell_to_country      VARCHAR(10),
    sell_to_contact      VARCHAR(100),
    sell_to_email        VARCHAR(80),
    sell_to_phone_no     VARCHAR(30),
    bill_to_customer_no  TEXT         NOT NULL,
    bill_to_name         VARCHAR(100) NOT NULL,
    bill_to_address      VARCHAR(100),
    bill_to_city         VARCHAR(50),
    bill_to_post_code    VARCHAR(20),
    bill_to_country      VARCHAR(10),
    ship_to_name         VARCHAR(100),
    ship_to_address      VARCHAR(100),
    ship_to_city         VARCHAR(50),
    ship_to_post_code    VARCHAR(20),
    ship_to_country      VARCHAR(10),
    your_reference       VARCHAR(35),
    order_date           DATE         NOT NULL,
    archived_on          DATE         NOT NULL,
    amount_including_vat NUMERIC(18,2) NOT NULL DEFAULT 0,
    PRIMARY KEY (document_type, document_no, version_no)
);

-- Projects and events that are billed to a customer.
CREATE TABLE jobs (
    job_no              TEXT         NOT NULL PRIMARY KEY,   -- 'J-0000123'
    description         VARCHAR(100) NOT NULL DEFAULT '',
    bill_to_customer_no TEXT,                                -- NULL: a project of the company's own
    bill_to_name        VARCHAR(100),
    bill_to_name_2      VARCHAR(50),
    bill_to_address     VARCHAR(100),
    bill_to_address_2   VARCHAR(50),
    bill_to_city        VARCHAR(50),
    bill_to_post_code   VARCHAR(20),
    bill_to_country     VARCHAR(10),
    bill_to_contact     VARCHAR(100),
    bill_to_email       VARCHAR(80),
    organizer_email     VARCHAR(80),                         -- of the customer's person who organizes the event
    person_responsible  VARCHAR(50),
    status              VARCHAR(15)  NOT NULL DEFAULT 'Open' CHECK (status IN ('Planning', 'Quote', 'Open', 'Completed')),
    starts_on           DATE
);

-- ---------------------------------------------------------------------------
-- What has been posted: the books. Numbers, dates and amounts are never changed.
-- ---------------------------------------------------------------------------

-- No foreign key to customers here: the customer is known by number only.
CREATE TABLE posted_sales_invoices (
    document_no            TEXT          NOT NULL PRIMARY KEY,   -- 'PSI-0000123'
    order_no               TEXT,
    sell_to_customer_no    TEXT          NOT NULL,
    sell_to_name           VARCHAR(100)  NOT NULL,
    sell_to_name_2         VARCHAR(50),
    sell_to_address        VARCHAR(100),
    sell_to_address_2      VARCHAR(50),
    sell_to_city           VARCHAR(50),
    sell_to_post_code      VARCHAR(20),
    sell_to_country        VARCHAR(10),
    sell_to_contact        VARCHAR(100),
    sell_to_email          VARCHAR(80),
    sell_to_phone_no       VARCHAR(30),
    bill_to_customer_no    TEXT          NOT NULL,
    bill_to_name           VARCHAR(100)  NOT NULL,
    bill_to_address        VARCHAR(100),
    bill_to_city           VARCHAR(50),
    bill_to_post_code      VARCHAR(20),
    bill_to_country        VARCHAR(10),
    bill_to_contact        VARCHAR(100),
    vat_registration_no    VARCHAR(20),                          -- of the bill-to customer
    ship_to_name           VARCHAR(100),
    ship_to_address        VARCHAR(100),
    ship_to_city           VARCHAR(50),
    ship_to_post_code      VARCHAR(20),
    ship_to_country        VARCHAR(10),
    your_reference         VARCHAR(35),
    external_document_no   VARCHAR(35),
    customer_posting_group VARCHAR(20)   NOT NULL,
    posting_date           DATE          NOT NULL,
    due_date               DATE          NOT NULL,
    currency_code          VARCHAR(10)   NOT NULL DEFAULT 'DKK',
    amount                 NUMERIC(18,2) NOT NULL,
    amount_including_vat   NUMERIC(18,2) NOT NULL
);

CREATE TABLE posted_invoice_lines (
    document_no TEXT          NOT NULL,
    line_no     INTEGER       NOT NULL,
    item_no     VARCHAR(20),        -- NULL: a line of text
    description VARCHAR(100)  NOT NULL DEFAULT '',
    quantity    NUMERIC(18,5) NOT NULL DEFAULT 0,
    unit_price  NUMERIC(18,2) NOT NULL DEFAULT 0,
    line_amount NUMERIC(18,2) NOT NULL DEFAULT 0,
    PRIMARY KEY (document_no, line_no)
);

CREATE TABLE posted_sales_credit_memos (
    document_no            TEXT          NOT NULL PRIMARY KEY,   -- 'PCM-0000123'
    applies_to_document_no TEXT,
    sell_to_customer_no    TEXT          NOT NULL,
    sell_to_name           VARCHAR(100)  NOT NULL,
    sell_to_name_2         VARCHAR(50),
    sell_to_address        VARCHAR(100),
    sell_to_address_2      VARCHAR(50),
    sell_to_city           VARCHAR(50),
    sell_to_post_code      VARCHAR(20),
    sell_to_country        VARCHAR(10),
    sell_to_contact        VARCHAR(100),
    sell_to_email          VARCHAR(80),
    sell_to_phone_no       VARCHAR(30),
    bill_to_customer_no    TEXT          NOT NULL,
    bill_to_name           VARCHAR(100)  NOT NULL,
    bill_to_address        VARCHAR(100),
    bill_to_city           VARCHAR(50),
    bill_to_post_code      VARCHAR(20),
    bill_to_country        VARCHAR(10),
    bill_to_contact        VARCHAR(100),
    vat_registration_no    VARCHAR(20),
    ship_to_name           VARCHAR(100),
    ship_to_address        VARCHAR(100),
    ship_to_city           VARCHAR(50),
    ship_to_post_code      VARCHAR(20),
    ship_to_country        VARCHAR(10),
    your_reference         VARCHAR(35),
    external_document_no   VARCHAR(35),
    customer_posting_group VARCHAR(20)   NOT NULL,
    posting_date           DATE          NOT NULL,
    currency_code          VARCHAR(10)   NOT NULL DEFAULT 'DKK',
    amount                 NUMERIC(18,2) NOT NULL,
    amount_including_vat   NUMERIC(18,2) NOT NULL
);

CREATE TABLE posted_sales_shipments (
    document_no            TEXT          NOT NULL PRIMARY KEY,   -- 'PSS-0000123'
    order_no               TEXT,
    sell_to_customer_no    TEXT          NOT NULL,
    sell_to_name           VARCHAR(100)  NOT NULL,
    sell_to_name_2         VARCHAR(50),
    sell_to_address        VARCHAR(100),
    sell_to_address_2      VARCHAR(50),
    sell_to_city           VARCHAR(50),
    sell_to_post_code      VARCHAR(20),
    sell_to_country        VARCHAR(10),
    sell_to_contact        VARCHAR(100),
    sell_to_email          VARCHAR(80),
    sell_to_phone_no       VARCHAR(30),
    bill_to_customer_no    TEXT          NOT NULL,
    bill_to_name           VARCHAR(100)  NOT NULL,
    bill_to_address        VARCHAR(100),
    bill_to_city           VARCHAR(50),
    bill_to_post_code      VARCHAR(20),
    bill_to_country        VARCHAR(10),
    bill_to_contact        VARCHAR(100),
    vat_registration_no    VARCHAR(20),
    ship_to_name           VARCHAR(100),
    ship_to_address        VARCHAR(100),
    ship_to_city           VARCHAR(50),
    ship_to_post_code      VARCHAR(20),
    ship_to_country        VARCHAR(10),
    your_reference         VARCHAR(35),
    external_document_no   VARCHAR(35),
    package_tracking_no    VARCHAR(50),                          -- the carrier shows the address by it
    posting_date           DATE          NOT NULL
);

CREATE TABLE posted_return_receipts (
    document_no            TEXT          NOT NULL PRIMARY KEY,   -- 'PRR-0000123'
    return_order_no        TEXT,
    sell_to_customer_no    TEXT          NOT NULL,
    sell_to_name           VARCHAR(100)  NOT NULL,
    sell_to_name_2         VARCHAR(50),
    sell_to_address        VARCHAR(100),
    sell_to_address_2      VARCHAR(50),
    sell_to_city           VARCHAR(50),
    sell_to_post_code      VARCHAR(20),
    sell_to_country        VARCHAR(10),
    sell_to_contact        VARCHAR(100),
    sell_to_email          VARCHAR(80),
    sell_to_phone_no       VARCHAR(30),
    bill_to_customer_no    TEXT          NOT NULL,
    bill_to_name           VARCHAR(100)  NOT NULL,
    bill_to_address        VARCHAR(100),
    bill_to_city           VARCHAR(50),
    bill_to_post_code      VARCHAR(20),
    bill_to_country        VARCHAR(10),
    bill_to_contact        VARCHAR(100),
    vat_registration_no    VARCHAR(20),
    ship_to_name           VARCHAR(100),
    ship_to_address        VARCHAR(100),
    ship_to_city           VARCHAR(50),
    ship_to_post_code      VARCHAR(20),
    ship_to_country        VARCHAR(10),
    your_reference         VARCHAR(35),
    external_document_no   VARCHAR(35),
    posting_date           DATE          NOT NULL
);

CREATE TABLE issued_reminders (
    reminder_no         TEXT          NOT NULL PRIMARY KEY,      -- 'IR-0000123'
    customer_no         TEXT          NOT NULL,
    name                VARCHAR(100)  NOT NULL,
    name_2              VARCHAR(50),
    address             VARCHAR(100),
    address_2           VARCHAR(50),
    city                VARCHAR(50),
    post_code           VARCHAR(20),
    country             VARCHAR(10),
    contact             VARCHAR(100),
    vat_registration_no VARCHAR(20),
    reminder_level      INTEGER       NOT NULL DEFAULT 1,
    posting_date        DATE          NOT NULL,
    due_date            DATE          NOT NULL,
    remaining_amount    NUMERIC(18,2) NOT NULL
);

-- One entry an invoice or a payment, on the account of the customer who pays.
CREATE TABLE cust_ledger_entries (
    entry_no         BIGINT PRIMARY KEY,
    customer_no      TEXT          NOT NULL,
    posting_date     DATE          NOT NULL,
    document_type    VARCHAR(15)   NOT NULL CHECK (document_type IN ('Invoice', 'Payment', 'Credit Memo', 'Reminder')),
    document_no      TEXT          NOT NULL,
    description      VARCHAR(100)  NOT NULL DEFAULT '',
    customer_name    VARCHAR(100)  NOT NULL DEFAULT '',
    amount           NUMERIC(18,2) NOT NULL,
    remaining_amount NUMERIC(18,2) NOT NULL DEFAULT 0,
    open             INTEGER       NOT NULL DEFAULT 0 CHECK (open IN (0, 1)),
    due_date         DATE
);

-- Sales at the till. Most have no customer; those of a customer count as activity.
CREATE TABLE pos_entries (
    entry_no             BIGINT PRIMARY KEY,
    pos_store_code       VARCHAR(10)   NOT NULL,
    document_no          TEXT          NOT NULL,
    customer_no          TEXT,
    entry_date           DATE          NOT NULL,
    salesperson_code     VARCHAR(20),
    description          VARCHAR(100)  NOT NULL DEFAULT '',
    amount_including_vat NUMERIC(18,2) NOT NULL
);

-- Goods that moved. The source is a customer, a vendor or an item, each with
-- numbers of its own, and no foreign key can say so.
CREATE TABLE item_ledger_entries (
    entry_no     BIGINT PRIMARY KEY,
    item_no      VARCHAR(20)   NOT NULL,
    posting_date DATE          NOT NULL,
    source_type  VARCHAR(10)   NOT NULL CHECK (source_type IN ('', 'Customer', 'Vendor', 'Item')),
    source_no    TEXT          NOT NULL DEFAULT '',
    document_no  TEXT          NOT NULL,
    description  VARCHAR(100)  NOT NULL DEFAULT '',
    quantity     NUMERIC(18,5) NOT NULL
);

-- The last activity that another system reports: the web shop, the ticket gate,
-- the loyalty programme. One row per customer and system; an earlier date than the
-- one that is there is ignored, see the triggers below.
CREATE TABLE customer_activities (
    customer_no TEXT        NOT NULL,
    source      VARCHAR(30) NOT NULL,
    activity_on DATE        NOT NULL CHECK (activity_on > '1753-01-01'),
    PRIMARY KEY (customer_no, source)
);

-- Lines that are not posted yet; posting one removes it. Either account may be
-- a customer's, and no foreign key can say so.
CREATE TABLE gen_journal_lines (
    journal_batch    VARCHAR(20)   NOT NULL,
    line_no          INTEGER       NOT NULL,
    account_type     VARCHAR(15)   NOT NULL CHECK (account_type IN ('Customer', 'G/L Account', 'Bank Account')),
    account_no       TEXT          NOT NULL,
    bal_account_type VARCHAR(15)   NOT NULL CHECK (bal_account_type IN ('Customer', 'G/L Account', 'Bank Account')),
    bal_account_no   TEXT          NOT NULL,
    posting_date     DATE          NOT NULL,
    description      VARCHAR(100)  NOT NULL DEFAULT '',
    amount           NUMERIC(18,2) NOT NULL,
    PRIMARY KEY (journal_batch, line_no)
);

-- ---------------------------------------------------------------------------
-- Foreign keys and indexes
-- ---------------------------------------------------------------------------

ALTER TABLE customers ADD FOREIGN KEY (contact_no) REFERENCES contacts (contact_no);
ALTER TABLE customers ADD FOREIGN KEY (customer_posting_group) REFERENCES customer_posting_groups (code);
ALTER TABLE customers ADD FOREIGN KEY (gen_bus_posting_group) REFERENCES gen_bus_posting_groups (code);
ALTER TABLE customers ADD FOREIGN KEY (bill_to_customer_no) REFERENCES customers (customer_no);
ALTER TABLE contacts ADD FOREIGN KEY (company_no) REFERENCES contacts (contact_no);
ALTER TABLE contact_business_relations ADD FOREIGN KEY (contact_no) REFERENCES contacts (contact_no) ON DELETE CASCADE;
ALTER TABLE contact_business_relations ADD FOREIGN KEY (customer_no) REFERENCES customers (customer_no) ON DELETE CASCADE;
ALTER TABLE contact_points ADD FOREIGN KEY (customer_no) REFERENCES customers (customer_no);
ALTER TABLE ship_to_addresses ADD FOREIGN KEY (customer_no) REFERENCES customers (customer_no);
ALTER TABLE customer_attributes ADD FOREIGN KEY (customer_no) REFERENCES customers (customer_no);
ALTER TABLE memberships ADD FOREIGN KEY (customer_no) REFERENCES customers (customer_no);
ALTER TABLE tasks ADD FOREIGN KEY (customer_no) REFERENCES customers (customer_no);
ALTER TABLE tasks ADD FOREIGN KEY (main_contact_no) REFERENCES contacts (contact_no);
ALTER TABLE sales_headers ADD FOREIGN KEY (sell_to_customer_no) REFERENCES customers (customer_no);
ALTER TABLE sales_headers ADD FOREIGN KEY (bill_to_customer_no) REFERENCES customers (customer_no);
ALTER TABLE sales_lines ADD FOREIGN KEY (item_no) REFERENCES items (item_no);
ALTER TABLE sales_lines ADD FOREIGN KEY (document_type, document_no) REFERENCES sales_headers (document_type, document_no);
ALTER TABLE posted_invoice_lines ADD FOREIGN KEY (document_no) REFERENCES posted_sales_invoices (document_no);
ALTER TABLE posted_invoice_lines ADD FOREIGN KEY (item_no) REFERENCES items (item_no);
ALTER TABLE cust_ledger_entries ADD FOREIGN KEY (customer_no) REFERENCES customers (customer_no);
ALTER TABLE customer_activities ADD FOREIGN KEY (customer_no) REFERENCES customers (customer_no);

CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE INDEX customers_to_anonymize_on ON customers (to_anonymize_on) WHERE anonymized = 0;
CREATE INDEX customers_created_on ON customers (created_on);
CREATE INDEX customers_bill_to ON customers (bill_to_customer_no);
CREATE INDEX customers_contact_no ON customers (contact_no);
CREATE INDEX customers_posting_groups ON customers (customer_posting_group, gen_bus_posting_group);

CREATE INDEX contact_business_relations_customer ON contact_business_relations (customer_no);
CREATE INDEX contact_points_customer ON contact_points (customer_no);
CREATE INDEX memberships_customer ON memberships (customer_no);
CREATE INDEX tasks_customer ON tasks (customer_no);
CREATE INDEX tasks_main_contact ON tasks (main_contact_no);
CREATE INDEX notes_owner ON notes (owner_no, owner_type);

CREATE INDEX sales_headers_sell_to ON sales_headers (sell_to_customer_no);
CREATE INDEX sales_headers_bill_to ON sales_headers (bill_to_customer_no);

CREATE INDEX posted_sales_invoices_sell_to ON posted_sales_invoices (sell_to_customer_no, posting_date);
CREATE INDEX posted_sales_invoices_bill_to ON posted_sales_invoices (bill_to_customer_no);
CREATE INDEX posted_sales_invoices_posting_date ON posted_sales_invoices (posting_date);

CREATE INDEX cust_ledger_entries_customer ON cust_ledger_entries (customer_no, posting_date);
CREATE INDEX cust_ledger_entries_posting_date ON cust_ledger_entries (posting_date);
CREATE INDEX cust_ledger_entries_open ON cust_ledger_entries (customer_no) WHERE open = 1;

CREATE INDEX gen_journal_lines_account ON gen_journal_lines (account_no);
CREATE INDEX gen_journal_lines_bal_account ON gen_journal_lines (bal_account_no);

CREATE INDEX contacts_company ON contacts (company_no);

CREATE INDEX sales_header_archives_sell_to ON sales_header_archives (sell_to_customer_no);
CREATE INDEX sales_header_archives_bill_to ON sales_header_archives (bill_to_customer_no);
CREATE INDEX jobs_bill_to ON jobs (bill_to_customer_no);

CREATE INDEX posted_sales_credit_memos_sell_to ON posted_sales_credit_memos (sell_to_customer_no);
CREATE INDEX posted_sales_credit_memos_bill_to ON posted_sales_credit_memos (bill_to_customer_no);
CREATE INDEX posted_sales_credit_memos_posting_date ON posted_sales_credit_memos (posting_date);
CREATE INDEX posted_sales_shipments_sell_to ON posted_sales_shipments (sell_to_customer_no);
CREATE INDEX posted_sales_shipments_bill_to ON posted_sales_shipments (bill_to_customer_no);
CREATE INDEX posted_sales_shipments_posting_date ON posted_sales_shipments (posting_date);
CREATE INDEX posted_return_receipts_sell_to ON posted_return_receipts (sell_to_customer_no);
CREATE INDEX posted_return_receipts_bill_to ON posted_return_receipts (bill_to_customer_no);
CREATE INDEX posted_return_receipts_posting_date ON posted_return_receipts (posting_date);
CREATE INDEX issued_reminders_customer ON issued_reminders (customer_no);

CREATE INDEX pos_entries_customer ON pos_entries (customer_no, entry_date);
CREATE INDEX pos_entries_entry_date ON pos_entries (entry_date);
CREATE INDEX item_ledger_entries_source ON item_ledger_entries (source_no, posting_date);
CREATE INDEX item_ledger_entries_posting_date ON item_ledger_entries (posting_date);
CREATE INDEX customer_activities_activity_on ON customer_activities (activity_on);

-- ---------------------------------------------------------------------------
-- Triggers: an activity date never moves backwards
-- ---------------------------------------------------------------------------

CREATE FUNCTION keep_later_activity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.activity_on := GREATEST(NEW.activity_on, OLD.activity_on);
    RETURN NEW;
END $$;
CREATE TRIGGER customer_activities_not_backwards BEFORE UPDATE OF activity_on ON customer_activities
FOR EACH ROW EXECUTE FUNCTION keep_later_activity();
