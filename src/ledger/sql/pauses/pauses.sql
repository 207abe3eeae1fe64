-- Pauses, newest first: in force, or ($1 = 1) all.
SELECT * FROM lethe_pauses WHERE $1 = 1 OR resumed_at IS NULL ORDER BY id DESC LIMIT 1000
