-- The notices of a client, oldest first.
SELECT sweep, asked_at, sent_at, until, ended_at, ended_by
FROM lethe_notices
WHERE client_key = $1
ORDER BY sweep
