-- Records progress, and that the process is alive.
UPDATE lethe_reviews
SET looked_at = $2, to_look_at = $3, alive_at = $4
WHERE id = $1 AND state = 'making'
