-- Moves a sweep's position back behind $2, so that the clients after it are cut again.
UPDATE lethe_sweeps SET position = $2, cut = 0, cut_at = NULL WHERE id = $1 AND state = 'running'
