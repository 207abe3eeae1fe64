CREATE TABLE customers (
    no         TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    email      TEXT,
    phone      VARCHAR(12),
    birth_date DATE,
    points     INTEGER NOT NULL DEFAULT 0,
    card       TEXT UNIQUE,
    segment    TEXT CHECK (segment IN ('private', 'business')),
    profile    TEXT,
    region     TEXT,
    due        DATE,
    created_on DATE
);
CREATE TABLE orders (
    id          INTEGER PRIMARY KEY,
    customer_no TEXT NOT NULL REFERENCES customers (no),
    status      TEXT NOT NULL,
    ordered_on  DATE NOT NULL,
    note        TEXT
);
CREATE TABLE order_lines (
    id       INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    engraved TEXT
);
CREATE TABLE settings (
    id          INTEGER PRIMARY KEY,
    customer_no TEXT NOT NULL REFERENCES customers (no),
    meta_key    TEXT NOT NULL,
    meta_value  TEXT
);
CREATE TABLE countries (code TEXT PRIMARY KEY, title TEXT);
CREATE VIEW customer_list AS SELECT no, name FROM customers;

INSERT INTO customers VALUES
    ('C1', 'Ann Archer', 'ann@archer.example', '+45 55510', '1971-03-14', 7, 'K-1', 'private', '{"diet": "allergic"}', 'EU', '2020-01-01', '2015-05-05'),
    ('C2', 'Bob Baker', 'bob@baker.example', '+45 55520', '1971-03-14', 9, 'K-2', 'business', '{}', 'EU', '2020-01-02', '2015-05-05'),
    ('C3', 'Ann Baker', NULL, NULL, NULL, 0, NULL, 'private', NULL, 'EU', NULL, '2015-05-05');
INSERT INTO orders VALUES (1, 'C1', 'closed', '2016-01-01', 'call Ann'), (2, 'C2', 'open', '2016-01-01', NULL);
INSERT INTO order_lines VALUES (1, 1, 'Ann'), (2, 1, 'Archer'), (3, 2, NULL);
INSERT INTO settings VALUES (1, 'C1', 'nickname', 'Ann'), (2, 'C1', 'colour', 'blue');
INSERT INTO countries VALUES ('DK', 'Denmark');
