-- Gives a batch back as if it had not been claimed.
UPDATE lethe_batches
SET state = 'ready', attempts = attempts - 1, lease = NULL, lease_until = NULL
WHERE id = $1 AND lease = $2 AND state = 'running'
