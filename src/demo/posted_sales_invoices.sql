-- A document copies the card of its customers on the day it is made; those of
-- a customer who was anonymized since look as anonymized ones do.
INSERT INTO posted_sales_invoices
SELECT
    new.value ->> 'document_no', new.value ->> 'order_no',
    s.customer_no, s.name, iif(s.anonymized, NULL, s.name_2),
    s.address, iif(s.anonymized, NULL, s.address_2), s.city, s.post_code, s.country,
    s.contact, iif(s.anonymized, NULL, s.email), s.phone_no,
    b.customer_no, b.name, b.address, b.city, b.post_code, b.country, b.contact, b.vat_registration_no,
    coalesce(new.value ->> 'gift_name', s.name), coalesce(new.value ->> 'gift_address', s.address),
    s.city, s.post_code, s.country,
    new.value ->> 'your_reference', new.value ->> 'external_document_no', new.value ->> 'customer_posting_group',
    new.value ->> 'posting_date', new.value ->> 'due_date', new.value ->> 'currency_code',
    new.value ->> 'amount', new.value ->> 'amount_including_vat'
FROM json_each(?1) AS new
CROSS JOIN customers AS s ON s.customer_no = new.value ->> 'sell_to'
CROSS JOIN customers AS b ON b.customer_no = new.value ->> 'bill_to'
