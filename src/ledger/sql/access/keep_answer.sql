-- Keeps the answer to a request.
UPDATE lethe_answers SET status = $3, body = $4 WHERE token = $1 AND request_key = $2
