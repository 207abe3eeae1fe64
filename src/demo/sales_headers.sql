-- A document copies the card of its customers on the day it is made.
SELECT
    new.kind, new.no,
    s.customer_no, s.name, s.address, s.city, s.post_code, s.country, s.contact, s.email, s.phone_no,
    b.customer_no, b.name, b.address, b.city, b.post_code, b.country,
    s.name, s.address, s.city, s.post_code, s.country,
    new.reference, new.day, new.status, new.amount
FROM new
CROSS JOIN customers AS s ON s.customer_no = new.sell_to
CROSS JOIN customers AS b ON b.customer_no = new.bill_to
