-- Notes that a limit ended the sweep, which may be cut to its end already.
UPDATE lethe_sweeps
SET cut = 1, capped = 1, cut_at = COALESCE(cut_at, $2)
WHERE id = $1 AND state = 'running'
