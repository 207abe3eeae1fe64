-- Notes that a session is used.
UPDATE lethe_sessions SET used_at = $2 WHERE hash = $1
