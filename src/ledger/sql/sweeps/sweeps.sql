-- A page of sweeps, newest first; an empty text is any.
SELECT *
FROM lethe_sweeps
WHERE id < $1 AND ($2 = '' OR job = $2) AND ($3 = '' OR kind = $3) AND ($4 = '' OR state = $4)
    AND opened_at >= $5 AND opened_at < $6
ORDER BY id DESC LIMIT $7
