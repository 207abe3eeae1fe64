-- What was requested with this key before, and how it was answered; without a status it is still worked on.
SELECT asked, status, body FROM lethe_answers WHERE token = $1 AND request_key = $2
