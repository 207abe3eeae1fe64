-- A client's history, oldest first.
SELECT o.sweep, s.job, s.opened_by, o.outcome, COALESCE(o.reasons, '[]') AS reasons, o.at, o.last_sweep, o.last_at
FROM lethe_outcomes AS o
JOIN lethe_sweeps AS s ON s.id = o.sweep
WHERE o.client_key = $1
ORDER BY o.sweep
