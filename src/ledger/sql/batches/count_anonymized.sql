-- Clients that a sweep has anonymized.
SELECT CAST(COALESCE(sum(anonymized), 0) AS BIGINT) FROM lethe_batches WHERE sweep = $1
