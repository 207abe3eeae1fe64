-- A document copies the card of its customers on the day it is made.
INSERT INTO sales_headers
SELECT
    new.value ->> 'document_type', new.value ->> 'document_no',
    s.customer_no, s.name, s.address, s.city, s.post_code, s.country, s.contact, s.email, s.phone_no,
    b.customer_no, b.name, b.address, b.city, b.post_code, b.country,
    s.name, s.address, s.city, s.post_code, s.country,
    new.value ->> 'your_reference', new.value ->> 'order_date', new.value ->> 'status',
    new.value ->> 'amount_including_vat'
FROM json_each(?1) AS new
CROSS JOIN customers AS s ON s.customer_no = new.value ->> 'sell_to'
CROSS JOIN customers AS b ON b.customer_no = new.value ->> 'bill_to'
