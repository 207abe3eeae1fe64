-- Ends a running sweep before its time.
UPDATE lethe_sweeps SET state = $4, note = $2, closed_at = $3 WHERE id = $1 AND state = 'running'
