-- Revokes the token of a name.
UPDATE lethe_tokens SET revoked_by = $2, revoked_at = $3 WHERE name = $1 AND revoked_at IS NULL
