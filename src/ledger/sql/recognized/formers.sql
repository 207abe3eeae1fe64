-- Of each client that no sweep has anonymized, the client anonymized that has one of its hashes. {pairs} are the pairs
-- in $1.
SELECT p.client, min(k.client_key)
FROM {pairs} AS p
JOIN lethe_recognized AS k ON k.hash = p.hash
WHERE k.client_key <> p.client
    AND NOT EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = p.client AND o.outcome = 'anonymized')
GROUP BY p.client
