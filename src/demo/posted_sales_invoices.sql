-- A document copies the card of its customers on the day it is made; those of
-- a customer who was anonymized since look as anonymized ones do.
SELECT
    new.no, new.order_no,
    s.customer_no, s.name, iif(s.anonymized, NULL, s.name_2),
    s.address, iif(s.anonymized, NULL, s.address_2), s.city, s.post_code, s.country,
    s.contact, iif(s.anonymized, NULL, s.email), s.phone_no,
    b.customer_no, b.name, b.address, b.city, b.post_code, b.country, b.contact, b.vat_registration_no,
    coalesce(new.gift_name, s.name), coalesce(new.gift_address, s.address), s.city, s.post_code, s.country,
    new.reference, new.external, new.posting_group, new.day, new.due, new.currency, new.amount, new.with_vat
FROM new
CROSS JOIN customers AS s ON s.customer_no = new.sell_to
CROSS JOIN customers AS b ON b.customer_no = new.bill_to
