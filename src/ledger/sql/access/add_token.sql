-- Adds a token, unless one of that name is in force.
INSERT INTO lethe_tokens (name, hash, rights, limited_to, made_by, made_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (name)
WHERE revoked_at IS NULL DO NOTHING
