-- Why clients had an outcome at any time from $2 until before $3, each client once for each of its reasons.
-- {reasons} are the elements of `o.reasons` as rows `r`.
SELECT r.value AS reason, count(DISTINCT o.client_key) AS clients
FROM lethe_outcomes AS o, {reasons}
WHERE o.outcome = $1 AND o.at < $3 AND o.last_at >= $2
GROUP BY r.value
ORDER BY count(DISTINCT o.client_key) DESC, r.value
