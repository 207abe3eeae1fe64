-- When a token was made.
SELECT made_at FROM lethe_tokens WHERE id = $1
