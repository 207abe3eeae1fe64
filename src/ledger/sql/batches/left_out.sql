-- Clients of a sweep in batches that were cancelled.
SELECT CAST(COALESCE(sum(clients), 0) AS BIGINT)
FROM lethe_batches
WHERE sweep = $1 AND state = 'cancelled'
