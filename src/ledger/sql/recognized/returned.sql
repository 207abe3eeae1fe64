-- Clients under a new key whom no sweep has anonymized yet, in key order; with a key, that one only.
SELECT r.client_key AS client, r.former_key AS former, r.found_at, r.confirmed_by, r.confirmed_at
FROM lethe_returned AS r
WHERE NOT EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = r.client_key AND o.outcome = 'anonymized')
    AND ($1 IS NULL OR r.client_key = $1)
ORDER BY r.client_key LIMIT $2
