-- The token of a session, if it is in force.
SELECT t.*
FROM lethe_sessions AS s
JOIN lethe_tokens AS t ON t.id = s.token
WHERE s.hash = $1 AND t.revoked_at IS NULL AND t.expires_at > $2
