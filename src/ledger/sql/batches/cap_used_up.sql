-- Ends the cutting of a sweep because its limit is used up.
UPDATE lethe_sweeps
SET cut = 1, capped = 1, cut_at = $2
WHERE id = $1 AND state = 'running' AND cut = 0
