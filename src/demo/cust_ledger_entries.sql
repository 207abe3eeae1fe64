-- An entry copies the name of the customer whose account it is on.
SELECT
    new.entry_no, c.customer_no, new.day, new.type, new.no, new.description, c.name,
    new.amount, new.remaining, new.open, new.due
FROM new
CROSS JOIN customers AS c ON c.customer_no = new.account
