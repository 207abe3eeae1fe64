-- The places in the batch of clients taken only because a person confirmed who they are, and who have none of that
-- client's hashes now. {pairs} are the pairs in $1.
SELECT CAST(b.n AS BIGINT)
FROM lethe_taken AS t
JOIN lethe_batch AS b ON b.n = t.n
JOIN lethe_returned AS r ON r.client_key = b.key
WHERE r.confirmed_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = b.key AND o.outcome = 'anonymized')
    AND NOT EXISTS (
        SELECT 1
        FROM {pairs} AS p
        JOIN lethe_recognized AS k ON k.hash = p.hash
        WHERE p.client = b.key AND k.client_key = r.former_key
    )
