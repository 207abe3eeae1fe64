-- Forgets a request, which can then be sent again.
DELETE FROM lethe_answers WHERE token = $1 AND request_key = $2
