-- A company of very many clients with a few rows each, for the shipped policy.
-- Everybody traded within the period; nobody is due yet. One transaction, so
-- that a server with `wal_level = minimal` writes no log for it.

INSERT INTO customer_posting_groups VALUES ('RETAIL', 'Retail', '1200');
INSERT INTO gen_bus_posting_groups VALUES ('DOMESTIC', 'Domestic', 'DOMESTIC');

INSERT INTO customers (customer_no, name, search_name, address, city, post_code, country, phone_no, email, birth_date,
    customer_posting_group, gen_bus_posting_group, created_on)
SELECT 'C' || lpad(i::text, 8, '0'), 'Person ' || i, 'PERSON ' || i, i || ' High Street', 'Brussels', '1000', 'BE',
    '+32 2 ' || i, 'person' || i || '@home.example', date '1950-01-01' + (i % 20000)::int, 'RETAIL', 'DOMESTIC',
    date '2015-01-01' + (i % 1500)::int
FROM generate_series(1, {clients}) AS i;

INSERT INTO contact_points (contact_point_id, customer_no, kind, value)
SELECT i, 'C' || lpad(i::text, 8, '0'), 'mobile', '+32 470 ' || i FROM generate_series(1, {clients}) AS i;

-- Multiplying by a prime spreads the days over the clients.
INSERT INTO cust_ledger_entries (entry_no, customer_no, posting_date, document_type, document_no, customer_name, amount)
SELECT i, 'C' || lpad(i::text, 8, '0'), date '2020-03-01' + (i % 2000 * 7919 % 2000)::int, 'Invoice', 'PSI-' || i, 'Person ' || i, 42
FROM generate_series(1, {clients}) AS i;

INSERT INTO posted_sales_invoices (document_no, sell_to_customer_no, sell_to_name, sell_to_address, bill_to_customer_no,
    bill_to_name, bill_to_address, customer_posting_group, posting_date, due_date, amount, amount_including_vat)
SELECT 'PSI-' || i, 'C' || lpad(i::text, 8, '0'), 'Person ' || i, i || ' High Street', 'C' || lpad(i::text, 8, '0'),
    'Person ' || i, i || ' High Street', 'RETAIL', date '2020-03-01' + (i % 2000 * 7919 % 2000)::int, date '2026-01-01', 40, 42
FROM generate_series(10, {clients}, 10) AS i;
