-- The token with a hash, if it is in force.
SELECT * FROM lethe_tokens WHERE hash = $1 AND revoked_at IS NULL AND expires_at > $2
