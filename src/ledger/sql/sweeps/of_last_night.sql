-- What a morning is about, newest first: sweeps of ticks since $1; those that run; and those that did not end well
-- and that no later one of their job made good.
SELECT s.*
FROM lethe_sweeps AS s
WHERE s.state = 'running' OR s.opened_at >= $1 AND (
    s.tick IS NOT NULL OR s.state IN ('stopped', 'braked') AND NOT EXISTS (
        SELECT 1 FROM lethe_sweeps AS later
        WHERE later.id > s.id AND later.state = 'done' AND coalesce(later.job, '') = coalesce(s.job, '')
    )
)
ORDER BY s.id DESC LIMIT 100
