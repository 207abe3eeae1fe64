-- Ends the oldest sessions of a token beyond the last $3; the one with hash $2 is kept.
DELETE FROM lethe_sessions
WHERE token = $1 AND hash NOT IN (
    SELECT hash FROM lethe_sessions
    WHERE token = $1
    ORDER BY (hash = $2) DESC, made_at DESC, used_at DESC, hash LIMIT $3
)
