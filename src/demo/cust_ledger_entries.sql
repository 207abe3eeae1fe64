-- An entry copies the name of the customer whose account it is on.
INSERT INTO cust_ledger_entries
SELECT
    new.value ->> 'entry_no', c.customer_no, new.value ->> 'posting_date', new.value ->> 'document_type',
    new.value ->> 'document_no', new.value ->> 'description', c.name, new.value ->> 'amount',
    new.value ->> 'remaining_amount', new.value ->> 'open', new.value ->> 'due_date'
FROM json_each(?1) AS new
CROSS JOIN customers AS c ON c.customer_no = new.value ->> 'customer_no'
