-- What somebody would write by hand to do the same as the due sweep of the
-- shipped policy, for 1 January 2026: one transaction, whole sets, no check
-- for what is left. For PostgreSQL; the benchmark compares every table of the
-- two results.

BEGIN;
-- Sets of clients fit into memory.
SET LOCAL work_mem = '256MB';

CREATE TEMP TABLE due (customer_no TEXT PRIMARY KEY) ON COMMIT DROP;
INSERT INTO due
SELECT customer_no FROM customers
WHERE anonymized = 0 AND to_anonymize_on > '1900-01-01' AND to_anonymize_on < '2026-01-02'
ORDER BY customer_no
FOR UPDATE;
ANALYZE due;

-- Guards: all reasons that hold are kept.
CREATE TEMP TABLE reasons (customer_no TEXT NOT NULL, place INTEGER NOT NULL, reason TEXT NOT NULL) ON COMMIT DROP;
INSERT INTO reasons
SELECT customer_no, 1, 'open-documents' FROM due WHERE EXISTS (
    SELECT 1 FROM sales_headers WHERE sell_to_customer_no = due.customer_no AND status <> 'Archived'
) OR EXISTS (
    SELECT 1 FROM sales_headers WHERE bill_to_customer_no = due.customer_no AND status <> 'Archived'
);
INSERT INTO reasons
SELECT customer_no, 2, 'open-entries' FROM due WHERE EXISTS (
    SELECT 1 FROM cust_ledger_entries AS e WHERE e.customer_no = due.customer_no AND e.open = 1
);
INSERT INTO reasons
SELECT customer_no, 3, 'journal-lines' FROM due WHERE EXISTS (
    SELECT 1 FROM gen_journal_lines WHERE account_type = 'Customer' AND account_no = due.customer_no
) OR EXISTS (
    SELECT 1 FROM gen_journal_lines WHERE bal_account_type = 'Customer' AND bal_account_no = due.customer_no
);
INSERT INTO reasons
SELECT customer_no, 4, 'membership' FROM due WHERE EXISTS (
    SELECT 1 FROM memberships AS m WHERE m.customer_no = due.customer_no
);
INSERT INTO reasons
SELECT customer_no, 5, 'pays-for-others' FROM due WHERE EXISTS (
    SELECT 1 FROM customers AS c
    WHERE c.bill_to_customer_no = due.customer_no AND c.anonymized = 0 AND c.customer_no <> c.bill_to_customer_no
);

ANALYZE reasons;

CREATE TEMP TABLE taken (customer_no TEXT PRIMARY KEY) ON COMMIT DROP;
INSERT INTO taken
SELECT customer_no FROM due WHERE NOT EXISTS (SELECT FROM reasons WHERE reasons.customer_no = due.customer_no) ORDER BY customer_no;
ANALYZE taken;

-- Contacts who serve nobody that stays.
CREATE TEMP TABLE own_contacts (contact_no TEXT PRIMARY KEY) ON COMMIT DROP;
INSERT INTO own_contacts
SELECT r.contact_no FROM taken JOIN contact_business_relations AS r ON r.customer_no = taken.customer_no
WHERE NOT EXISTS (
    SELECT 1 FROM contact_business_relations AS other JOIN customers AS c ON c.customer_no = other.customer_no
    WHERE other.contact_no = r.contact_no AND c.anonymized = 0
        AND NOT EXISTS (SELECT FROM taken AS t WHERE t.customer_no = c.customer_no)
)
ON CONFLICT DO NOTHING;
ANALYZE own_contacts;

-- What goes whole.
DELETE FROM contact_points WHERE customer_no IN (SELECT customer_no FROM taken);
DELETE FROM ship_to_addresses WHERE customer_no IN (SELECT customer_no FROM taken);
DELETE FROM tasks
WHERE (customer_no IN (SELECT customer_no FROM taken) OR main_contact_no IN (SELECT contact_no FROM own_contacts))
    AND status <> 'done';
DELETE FROM notes WHERE owner_type = 'Customer' AND owner_no IN (SELECT customer_no FROM taken);
DELETE FROM notes WHERE owner_type = 'Contact' AND owner_no IN (SELECT contact_no FROM own_contacts);

-- What stays without the person.
UPDATE tasks SET subject = 'Anonymized'
WHERE customer_no IN (SELECT customer_no FROM taken) OR main_contact_no IN (SELECT contact_no FROM own_contacts);

UPDATE notes SET body = 'Removed on anonymization.'
WHERE owner_type = 'Posted Sales Invoice' AND owner_no IN (
    SELECT document_no FROM posted_sales_invoices WHERE sell_to_customer_no IN (SELECT customer_no FROM taken)
);

UPDATE customer_attributes SET value = CASE attribute WHEN 'nickname' THEN 'Anonymized' END
WHERE customer_no IN (SELECT customer_no FROM taken)
    AND attribute IN ('shoe_size', 'nickname', 'instagram', 'delivery_hint', 'allergies');

UPDATE memberships SET display_name = 'Anonymized member', external_card_no = NULL
WHERE customer_no IN (SELECT customer_no FROM taken);

UPDATE sales_headers SET
    sell_to_name = 'Anonymized customer', sell_to_address = 'Anonymized', sell_to_city = NULL,
    sell_to_post_code = NULL, sell_to_country = NULL, sell_to_contact = 'Anonymized', sell_to_email = NULL,
    sell_to_phone_no = NULL, ship_to_name = 'Anonymized customer', ship_to_address = 'Anonymized',
    ship_to_city = NULL, ship_to_post_code = NULL, ship_to_country = NULL, your_reference = NULL
WHERE sell_to_customer_no IN (SELECT customer_no FROM taken);
UPDATE sales_headers SET
    bill_to_name = 'Anonymized customer', bill_to_address = 'Anonymized', bill_to_city = NULL,
    bill_to_post_code = NULL, bill_to_country = NULL
WHERE bill_to_customer_no IN (SELECT customer_no FROM taken);

-- Some type their name into the order number: the one leak this script knows of.
UPDATE posted_sales_invoices SET
    sell_to_name = 'Anonymized customer', sell_to_name_2 = NULL, sell_to_address = 'Anonymized',
    sell_to_address_2 = NULL, sell_to_city = NULL, sell_to_post_code = NULL, sell_to_contact = 'Anonymized',
    sell_to_email = NULL, sell_to_phone_no = NULL, ship_to_name = 'Anonymized customer',
    ship_to_address = 'Anonymized', ship_to_city = NULL, ship_to_post_code = NULL, your_reference = NULL,
    external_document_no = CASE
        WHEN length(sell_to_name) >= 4 AND position(sell_to_name IN external_document_no) > 0 THEN NULL
        ELSE external_document_no
    END
WHERE sell_to_customer_no IN (SELECT customer_no FROM taken);
UPDATE posted_sales_invoices SET
    bill_to_name = 'Anonymized customer', bill_to_address = 'Anonymized', bill_to_city = NULL,
    bill_to_post_code = NULL, bill_to_contact = 'Anonymized', vat_registration_no = NULL
WHERE bill_to_customer_no IN (SELECT customer_no FROM taken);

UPDATE cust_ledger_entries SET customer_name = 'Anonymized customer'
WHERE customer_no IN (SELECT customer_no FROM taken);

UPDATE gen_journal_lines SET description = 'Anonymized'
WHERE (account_type = 'Customer' AND account_no IN (SELECT customer_no FROM taken))
    OR (bal_account_type = 'Customer' AND bal_account_no IN (SELECT customer_no FROM taken));

UPDATE contacts SET
    name = 'Anonymized contact', search_name = 'ANONYMIZED CONTACT', job_title = NULL, address = 'Anonymized',
    address_2 = 'Anonymized', city = NULL, post_code = NULL, country = NULL, phone_no = NULL,
    mobile_phone_no = NULL, email = NULL, picture = NULL
WHERE contact_no IN (SELECT contact_no FROM own_contacts);

UPDATE customers SET
    name = 'Anonymized customer', name_2 = 'Anonymized', search_name = 'ANONYMIZED CUSTOMER',
    address = 'Anonymized', address_2 = 'Anonymized', city = NULL, post_code = NULL, country = NULL,
    contact = 'Anonymized', phone_no = NULL, mobile_phone_no = NULL,
    email = 'anonymized-' || customer_no || '@anonymized.invalid', home_page = 'https://anonymized.invalid',
    vat_registration_no = NULL, gln = NULL, picture = NULL,
    birth_date = date_trunc('decade', birth_date::timestamp)::date,
    created_on = date_trunc('year', created_on::timestamp)::date,
    blocked = 'All', anonymized = 1,
    anonymized_date = COALESCE(anonymized_date, '2026-01-01'),
    attributes = CASE WHEN jsonb_typeof(attributes -> 'household') = 'array'
        THEN jsonb_set(attributes, '{household}', COALESCE((
            SELECT jsonb_agg(value - 'name' - 'birthday' ORDER BY place)
            FROM jsonb_array_elements(attributes -> 'household') WITH ORDINALITY AS e (value, place)
        ), '[]'))
        ELSE attributes
    END - 'nickname' - 'login' - 'social' - 'remarks'
WHERE customer_no IN (SELECT customer_no FROM taken);

-- What became of everybody looked at.
INSERT INTO lethe_outcomes (client_key, sweep, outcome, reasons, at, last_sweep, last_at, digest)
SELECT
    due.customer_no, 1, CASE WHEN r.reasons IS NULL THEN 'anonymized' ELSE 'refused' END, r.reasons,
    '2026-01-01T00:30:00.000Z', 1, '2026-01-01T00:30:00.000Z', ''
FROM due LEFT JOIN (
    SELECT customer_no, '[' || string_agg('"' || reason || '"', ',' ORDER BY place) || ']' AS reasons
    FROM reasons GROUP BY customer_no
) AS r ON r.customer_no = due.customer_no
ORDER BY due.customer_no;

COMMIT;
