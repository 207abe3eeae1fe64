-- Clients in the batches of a sweep.
SELECT CAST(COALESCE(sum(clients), 0) AS BIGINT) FROM lethe_batches WHERE sweep = $1
