-- Notes that a token was used.
UPDATE lethe_tokens SET used_at = $2 WHERE id = $1
