-- How many of a caller's requests of a day are recorded as refused.
SELECT count(*) FROM lethe_requests WHERE asked_by = $1 AND at >= $2 AND allowed = 0
