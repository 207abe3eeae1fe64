-- Notes that a person has confirmed who a client is.
UPDATE lethe_returned
SET confirmed_by = $2, confirmed_at = $3
WHERE client_key = $1 AND confirmed_at IS NULL
