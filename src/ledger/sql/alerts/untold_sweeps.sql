-- Sweeps that run, or ended since $1 and whose end was not reported, oldest first.
SELECT s.*
FROM lethe_sweeps AS s
WHERE COALESCE(s.closed_at, $1) >= $1 AND s.opened_by <> 'the journal'
    AND NOT EXISTS (SELECT 1 FROM lethe_alerts AS a WHERE a.event = 'sweep:' || s.id AND a.over_at IS NULL)
ORDER BY s.id
