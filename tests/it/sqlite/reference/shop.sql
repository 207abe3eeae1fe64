-- The shop that the examples of docs/policy.md speak of.

CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT);

CREATE TABLE customers (
    customer_no         TEXT PRIMARY KEY,
    type                TEXT NOT NULL,
    name                TEXT NOT NULL,
    display_name        TEXT,
    email               TEXT UNIQUE,
    phone               TEXT,
    birth_date          DATE,
    post_code           TEXT,
    country             TEXT REFERENCES countries,
    iban                TEXT,
    rating              INTEGER,
    newsletter          BOOLEAN NOT NULL DEFAULT 0,
    attributes          TEXT,
    remarks             TEXT,
    photo               TEXT,
    papers              TEXT,
    login               TEXT,
    bill_to_customer_no TEXT REFERENCES customers,
    bill_to_name        TEXT,
    posting_group       TEXT,
    created_on          DATE,
    to_anonymize_on     DATE,
    anonymized          INTEGER NOT NULL DEFAULT 0,
    anonymized_on       DATE,
    full_label          TEXT GENERATED ALWAYS AS (customer_no || ' ' || name) VIRTUAL
);

CREATE TABLE orders (
    order_no      TEXT PRIMARY KEY,
    customer_no   TEXT REFERENCES customers,
    status        TEXT NOT NULL,
    delivery_note TEXT,
    ordered_on    DATE
);

CREATE TABLE order_lines (
    order_no  TEXT REFERENCES orders,
    line_no   INTEGER,
    item_no   TEXT,
    engraving TEXT,
    PRIMARY KEY (order_no, line_no)
);

CREATE TABLE invoices (
    document_no         TEXT PRIMARY KEY,
    sell_to_customer_no TEXT REFERENCES customers,
    sell_to_name        TEXT,
    bill_to_customer_no TEXT REFERENCES customers,
    bill_to_name        TEXT,
    reference           TEXT,
    posting_date        DATE,
    amount              DECIMAL(18, 2)
);

CREATE TABLE invoice_lines (document_no TEXT REFERENCES invoices, line_no INTEGER, description TEXT);

CREATE TABLE addresses (id INTEGER PRIMARY KEY, street TEXT, city TEXT);
CREATE TABLE customer_addresses (customer_no TEXT REFERENCES customers, address_id INTEGER REFERENCES addresses);

CREATE TABLE contacts (contact_no TEXT PRIMARY KEY, name TEXT, phone TEXT);
CREATE TABLE contact_relations (contact_no TEXT REFERENCES contacts, customer_no TEXT REFERENCES customers);

CREATE TABLE contact_points (customer_no TEXT REFERENCES customers, kind TEXT, value TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, owner_type TEXT, owner_id TEXT, body TEXT);
CREATE TABLE tasks (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, status TEXT, due_on DATE, subject TEXT);
CREATE TABLE sessions (login TEXT, ip_address TEXT, started_on DATE);
CREATE TABLE attribute_types (code TEXT PRIMARY KEY, label TEXT);
CREATE TABLE customer_attributes (customer_no TEXT REFERENCES customers, attribute TEXT, value TEXT);

CREATE TABLE entries (
    entry_no     INTEGER PRIMARY KEY,
    customer_no  TEXT REFERENCES customers,
    posting_date DATE,
    kind         TEXT,
    open         INTEGER
);

CREATE TABLE memberships (customer_no TEXT REFERENCES customers, status TEXT, valid_until DATE);
CREATE TABLE imports (customer_no TEXT, payload TEXT);
