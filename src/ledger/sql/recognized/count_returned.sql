-- How many clients under a new key wait for a person to confirm who they are.
SELECT count(*)
FROM lethe_returned AS r
WHERE NOT EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = r.client_key AND o.outcome = 'anonymized')
    AND r.confirmed_at IS NULL
