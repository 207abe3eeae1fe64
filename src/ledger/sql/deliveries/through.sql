-- What of a sweep is through, by target and result.
SELECT kind, target, result, deliveries, last_at
FROM lethe_delivered
WHERE sweep = $1
ORDER BY kind, target, result
