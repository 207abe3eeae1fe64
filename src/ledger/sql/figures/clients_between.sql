-- Clients that had an outcome at any time from $2 until before $3.
SELECT count(DISTINCT client_key)
FROM lethe_outcomes
WHERE outcome = $1 AND at < $3 AND last_at >= $2
