-- Records progress, and that the process is alive.
UPDATE lethe_imports
SET rows_read = $2, rows_checked = $3, alive_at = $4
WHERE id = $1 AND state = 'reading'
