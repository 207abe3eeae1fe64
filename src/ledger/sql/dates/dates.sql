-- The days that were set for a client, oldest first.
SELECT day, before, set_by, set_at FROM lethe_dates WHERE client_key = $1 ORDER BY id
