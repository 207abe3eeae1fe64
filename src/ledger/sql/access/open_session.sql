-- Opens a session for the owner of a token; $1 is the hash of its cookie.
INSERT INTO lethe_sessions (hash, token, made_at, used_at) VALUES ($1, $2, $3, $3)
