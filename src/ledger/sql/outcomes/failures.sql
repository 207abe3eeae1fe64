-- Clients whose last outcome is `failed`.
SELECT o.client_key, COALESCE(o.reasons, '[]') AS reasons, o.sweep, o.at, s.force, s.kind
FROM lethe_outcomes AS o
JOIN lethe_sweeps AS s ON s.id = o.last_sweep
WHERE o.outcome = 'failed'
    AND o.sweep = (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = o.client_key)
ORDER BY o.client_key LIMIT $1
