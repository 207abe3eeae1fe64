-- The names that a new token must not look like.
SELECT name FROM lethe_tokens WHERE revoked_at IS NULL
