-- Moves a sweep's position from $2 to $3, if it is still there.
UPDATE lethe_sweeps
SET position = $3, cut = $4, cut_at = $5
WHERE id = $1 AND position IS NOT DISTINCT FROM $2 AND cut = 0 AND state = 'running'
