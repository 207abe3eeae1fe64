-- Why clients failed for the first time in a sweep. {reasons} are the elements of `o.reasons` as rows `r`.
SELECT r.value AS reason, count(*) AS clients
FROM lethe_outcomes AS o, {reasons}
WHERE o.sweep = $1 AND o.outcome = 'failed'
GROUP BY r.value
ORDER BY count(*) DESC, r.value
