-- Holds, newest first: of one client or (NULL) of all; in force or ($2 = 1) all.
SELECT *
FROM lethe_holds
WHERE ($1 IS NULL OR client_key = $1) AND ($2 = 1 OR released_at IS NULL)
ORDER BY id DESC
