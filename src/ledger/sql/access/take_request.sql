-- Takes a request that carries a key of its own, unless it came before.
INSERT INTO lethe_answers (token, request_key, asked, at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (token, request_key) DO NOTHING
