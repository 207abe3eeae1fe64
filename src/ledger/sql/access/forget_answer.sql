-- Forgets an answer kept before $1, so that the request's key can be used again.
DELETE FROM lethe_answers WHERE at < $1 AND token = $2 AND request_key = $3
