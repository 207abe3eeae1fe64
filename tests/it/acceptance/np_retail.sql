-- A shop with some 330 customers, for the statements N. `{six}` is the day six
-- years ago, `{over}` the day before that; `days` is there already.
--
-- D  by date            P  by period           F, L, X  rows of all kinds
-- G  guarded            H  nearly guarded      B, E  many, by date and by period

INSERT INTO customer_posting_groups VALUES ('RETAIL', 'Shops', '2310'), ('WEBSHOP', 'Web shop', '2310'), ('B2B', 'Companies', '2320');
INSERT INTO gen_bus_posting_groups VALUES ('DOMESTIC', 'Denmark', 'DOMESTIC'), ('EU', 'Other member states', 'EU');
INSERT INTO items (item_no, description, unit_price) VALUES ('1301', 'Sandal', 299.95);

INSERT INTO customers (customer_no, name, email, customer_posting_group, gen_bus_posting_group, created_on, to_anonymize_on)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 240)
SELECT 'B' || substr(CAST(10000 + n AS TEXT), 2), 'Bulk Customer ' || CAST(n AS TEXT), 'bulk' || CAST(n AS TEXT) || '@shop.example',
    CASE n % 3 WHEN 0 THEN 'RETAIL' WHEN 1 THEN 'WEBSHOP' ELSE 'B2B' END, CASE n % 2 WHEN 0 THEN 'DOMESTIC' ELSE 'EU' END,
    made.day, CASE WHEN n <= 60 THEN asked.day END
FROM numbers JOIN days AS made ON made.ago = 2000 JOIN days AS asked ON asked.ago = n;
INSERT INTO cust_ledger_entries (entry_no, customer_no, posting_date, document_type, document_no, customer_name, amount, open)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 240)
SELECT n, 'B' || substr(CAST(10000 + n AS TEXT), 2), d.day, 'Invoice', 'PSI-' || CAST(n AS TEXT), 'Bulk Customer ' || CAST(n AS TEXT), 100, CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END
FROM numbers JOIN days AS d ON d.ago = 300 + n;
INSERT INTO cust_ledger_entries (entry_no, customer_no, posting_date, document_type, document_no, customer_name, amount)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
SELECT 10000 + n, 'B0001', d.day, 'Payment', 'PAY-' || CAST(n AS TEXT), 'Bulk Customer 1', -1 FROM numbers JOIN days AS d ON d.ago = 100 + n % 1000;

INSERT INTO customers (customer_no, name, customer_posting_group, gen_bus_posting_group, created_on)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40)
SELECT 'E' || substr(CAST(10000 + n AS TEXT), 2), 'Elder Customer ' || CAST(n AS TEXT),
    CASE n % 2 WHEN 0 THEN 'RETAIL' ELSE 'B2B' END, 'DOMESTIC', d.day
FROM numbers JOIN days AS d ON d.ago = 5000;
INSERT INTO cust_ledger_entries (entry_no, customer_no, posting_date, document_type, document_no, amount)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40)
SELECT 1000 + n, 'E' || substr(CAST(10000 + n AS TEXT), 2), d.day, 'Invoice', 'PSI-' || CAST(1000 + n AS TEXT), 100
FROM numbers JOIN days AS d ON d.ago = 2300 + n;

INSERT INTO customers (customer_no, name, customer_posting_group, gen_bus_posting_group, created_on, to_anonymize_on, bill_to_customer_no, anonymized, anonymized_date) VALUES
    -- first in order, and refused
    ('A1', 'Anton Anfang', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('D1', 'Dagmar Heute', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 0), NULL, 0, NULL),
    ('D2', 'Dieter Gestern', 'RETAIL', 'EU', '2024-01-01', (SELECT day FROM days WHERE ago = 1), NULL, 0, NULL),
    ('D3', 'Doris Morgen', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = -1), NULL, 0, NULL),
    ('D4', 'Dora Niemals', 'RETAIL', 'DOMESTIC', '2024-01-01', NULL, NULL, 0, NULL),
    ('D5', 'Dirk Leerdatum', 'RETAIL', 'DOMESTIC', '2024-01-01', NULL, NULL, 0, NULL),
    ('D6', 'Dana Schalttag', 'RETAIL', 'DOMESTIC', '2024-01-01', '2024-02-29', NULL, 0, NULL),
    ('P1', 'Paula Grenze', 'B2B', 'DOMESTIC', '2005-01-01', NULL, NULL, 0, NULL),
    ('P2', 'Peter Drüber', 'B2B', 'DOMESTIC', '2005-01-01', NULL, NULL, 0, NULL),
    ('P3', 'Pia Niekauf', 'B2B', 'DOMESTIC', '{over}', NULL, NULL, 0, NULL),
    ('P4', 'Paul Nochnicht', 'B2B', 'DOMESTIC', '{six}', NULL, NULL, 0, NULL),
    ('P5', 'Petra Zukunft', 'B2B', 'DOMESTIC', '2005-01-01', (SELECT day FROM days WHERE ago = -300), NULL, 0, NULL),
    ('P6', 'Pim Mitkäufer', 'B2B', 'DOMESTIC', '2005-01-01', NULL, NULL, 0, NULL),
    ('X1', 'Anonymized customer', 'RETAIL', 'DOMESTIC', '2005-01-01', (SELECT day FROM days WHERE ago = 740), NULL, 1, (SELECT day FROM days WHERE ago = 730)),
    ('G1', 'Gerd Angebot', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('G2', 'Gabi Zahlerin', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('G3', 'Gero Posten', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('G4', 'Gitta Journal', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('G5', 'Guido Gegenkonto', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('G6', 'Gesa Mitglied', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('G7', 'Gunnar Bisheute', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('G8', 'Grit Mitzahlerin', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('G9', 'Götz Alles', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('H1', 'Hanna Harmlos', 'RETAIL', 'DOMESTIC', '2024-01-01', (SELECT day FROM days WHERE ago = 10), NULL, 0, NULL),
    ('X2', 'Anonymized customer', 'RETAIL', 'DOMESTIC', '2005-01-01', NULL, 'H1', 1, (SELECT day FROM days WHERE ago = 730)),
    ('L1', 'Lars Lebendig', 'RETAIL', 'DOMESTIC', '2024-01-01', NULL, NULL, 0, NULL),
    ('L2', 'Lena Lebendig', 'RETAIL', 'DOMESTIC', '2024-01-01', NULL, 'G8', 0, NULL),
    ('L3', 'Lutz Lebendig', 'RETAIL', 'DOMESTIC', '2024-01-01', NULL, 'G9', 0, NULL),
    ('L4', 'Lisa Zweitkundin', 'RETAIL', 'DOMESTIC', '2024-01-01', NULL, NULL, 0, NULL);

INSERT INTO contacts (contact_no, name, search_name, job_title, address, address_2, city, post_code, country, phone_no, mobile_phone_no, email, created_on) VALUES
    ('CT1', 'Ute Alleinig', 'UTE ALLEINIG', 'Buyer', 'Vej 1', 'st.', 'Odense', '5000', 'DK', '65 00 00 01', '65 00 00 02', 'ute@alleinig.example', '2024-01-01'),
    ('CT2', 'Udo Geteilt', 'UDO GETEILT', 'Accountant', 'Vej 2', 'th.', 'Odense', '5000', 'DK', '65 00 00 03', '65 00 00 04', 'udo@geteilt.example', '2024-01-01'),
    ('CT3', 'Ulla Letzte', 'ULLA LETZTE', 'Buyer', 'Vej 3', NULL, 'Odense', '5000', 'DK', '65 00 00 05', '65 00 00 06', 'ulla@letzte.example', '2024-01-01');
INSERT INTO customers
    (customer_no, type, name, name_2, search_name, address, address_2, city, post_code, country, contact, contact_no, phone_no,
     mobile_phone_no, email, home_page, vat_registration_no, gln, birth_date, customer_posting_group, gen_bus_posting_group,
     to_anonymize_on, created_on, attributes)
VALUES
    ('F1', 'Company', 'Frau "Fiete" O''Fülle 🎻', 'Filiale', 'FRAU FIETE', 'Fuldevej 1', '2. sal', 'Aarhus', '8000', 'DK', 'Ute Alleinig', 'CT1',
     '86 00 00 01', '86 00 00 02', 'fiete@fuelle.example', 'https://fuelle.example', 'DK00000001', '5790000000001', '1972-02-29', 'WEBSHOP', 'EU',
     (SELECT day FROM days WHERE ago = 7), '2024-01-01', '{"nickname":"Fee","segment":"A"}');
INSERT INTO contact_business_relations VALUES
    ('CT1', 'F1', 'Purchaser'), ('CT2', 'F1', 'Accountant'), ('CT2', 'L4', 'Accountant'), ('CT3', 'F1', 'Purchaser'), ('CT3', 'X1', 'Purchaser');
INSERT INTO contact_points (contact_point_id, customer_no, kind, value) VALUES (1, 'F1', 'mobile', '86 00 00 03'), (2, 'L1', 'mobile', '86 00 00 04');
INSERT INTO ship_to_addresses (customer_no, code, name, address) VALUES ('F1', 'HOME', 'Frau Fülle', 'Fuldevej 2');
INSERT INTO customer_attributes VALUES ('F1', 'instagram', '@fee.fuelle', '2025-01-01'), ('F1', 'loyalty_level', 'gold', '2025-01-01');
INSERT INTO notes (note_id, owner_type, owner_no, body, user_id, written_at) VALUES
    (1, 'Customer', 'F1', 'Rings twice', 'HANNE', '2025-01-01'), (2, 'Contact', 'CT2', 'Prefers mail', 'HANNE', '2025-01-01'),
    (3, 'Posted Sales Invoice', 'PSI-F1', 'Returned by fiete@fuelle.example', 'HANNE', '2025-01-01'), (4, 'Item', '1301', 'Strap breaks', 'HANNE', '2025-01-01');

INSERT INTO posted_sales_invoices
    (document_no, sell_to_customer_no, sell_to_name, sell_to_name_2, sell_to_address, sell_to_address_2, sell_to_city, sell_to_post_code, sell_to_country,
     sell_to_contact, sell_to_email, sell_to_phone_no, bill_to_customer_no, bill_to_name, bill_to_address, bill_to_city, bill_to_post_code, bill_to_country,
     bill_to_contact, vat_registration_no, ship_to_name, ship_to_address, ship_to_city, ship_to_post_code, ship_to_country, your_reference,
     external_document_no, customer_posting_group, posting_date, due_date, amount, amount_including_vat)
SELECT 'PSI-' || sell || CASE WHEN sell = bill THEN '' ELSE '-' || bill END,
    sell, 'Sold to ' || sell, 'c/o', 'Sellvej 1', 'tv.', 'Sellby', '1111', 'DK', 'Sell Contact', 'sell@shop.example', '11 11 11 11',
    bill, 'Billed to ' || bill, 'Billvej 2', 'Billby', '2222', 'DK', 'Bill Contact', 'DK22222222', 'Shipped to ' || sell, 'Shipvej 3', 'Shipby', '3333', 'DK',
    'Ref of ' || sell, 'EXT-1', 'RETAIL', day, day, 80, 100
FROM days, (SELECT 'F1' AS sell, 'F1' AS bill UNION ALL SELECT 'F1', 'L1' UNION ALL SELECT 'L1', 'F1' UNION ALL SELECT 'L1', 'L1' UNION ALL SELECT 'P6', 'L1') AS pairs
WHERE ago = 400;
INSERT INTO posted_invoice_lines (document_no, line_no, description, quantity, line_amount) VALUES
    ('PSI-F1', 1, 'Sandal', 1, 80), ('PSI-F1', 2, 'Engraved fiete@fuelle.example', 0, 0);
INSERT INTO cust_ledger_entries (entry_no, customer_no, posting_date, document_type, document_no, customer_name, amount, open)
SELECT 2000 + k, no, CASE ago WHEN 0 THEN '{six}' WHEN 1 THEN '{over}' ELSE day END, 'Invoice', 'PSI-' || no, 'Name of ' || no, 100, open
FROM days, (SELECT 1 AS k, 'P1' AS no, 0 AS at, 0 AS open UNION ALL SELECT 2, 'P2', 1, 0 UNION ALL SELECT 3, 'P5', 1, 0 UNION ALL SELECT 4, 'P6', 1, 0
    UNION ALL SELECT 5, 'F1', 400, 0 UNION ALL SELECT 6, 'L1', 400, 0 UNION ALL SELECT 7, 'L4', 20, 0 UNION ALL SELECT 8, 'G3', 400, 1
    UNION ALL SELECT 9, 'G9', 400, 1 UNION ALL SELECT 10, 'H1', 400, 0) AS entries
WHERE ago = at;

-- What guards, and what nearly does.
INSERT INTO sales_headers (document_type, document_no, sell_to_customer_no, sell_to_name, bill_to_customer_no, bill_to_name, order_date, status) VALUES
    ('Quote', 'SQ-0', 'A1', 'Anton Anfang', 'A1', 'Anton Anfang', '2025-01-01', 'Released'),
    ('Quote', 'SQ-1', 'G1', 'Gerd Angebot', 'G1', 'Gerd Angebot', '2025-01-01', 'Open'),
    ('Order', 'SO-2', 'L1', 'Lars Lebendig', 'G2', 'Gabi Zahlerin', '2025-01-01', 'Pending Approval'),
    ('Return Order', 'SR-9', 'G9', 'Götz Alles', 'G9', 'Götz Alles', '2025-01-01', 'Released'),
    ('Quote', 'SQ-5', 'H1', 'Hanna Harmlos', 'H1', 'Hanna Harmlos', '2025-01-01', 'Archived');
INSERT INTO sales_headers (document_type, document_no, sell_to_customer_no, sell_to_name, bill_to_customer_no, bill_to_name, order_date, status)
SELECT 'Order', 'SO-' || customer_no, customer_no, name, customer_no, name, created_on, 'Open' FROM customers
WHERE customer_no LIKE 'E%5' OR customer_no LIKE 'E%0';
INSERT INTO gen_journal_lines VALUES
    ('DAILY', 1, 'Customer', 'G4', 'Bank Account', 'BANK', '2025-01-01', 'to be posted', 10),
    ('DAILY', 2, 'Bank Account', 'BANK', 'Customer', 'G5', '2025-01-01', 'to be posted', 10),
    ('DAILY', 3, 'Customer', 'G9', 'Bank Account', 'BANK', '2025-01-01', 'to be posted', 10),
    ('DAILY', 4, 'G/L Account', 'H1', 'Bank Account', 'H1', '2025-01-01', 'an account of the same number', 10);
INSERT INTO memberships (membership_no, customer_no, membership_code, status, valid_from, valid_until) VALUES
    ('M6', 'G6', 'GOLD', 'Active', '2024-01-01', NULL), ('M7', 'G7', 'GOLD', 'Active', '2024-01-01', (SELECT day FROM days WHERE ago = 0)),
    ('M9', 'G9', 'GOLD', 'Cancelled', '2024-01-01', (SELECT day FROM days WHERE ago = 1));
