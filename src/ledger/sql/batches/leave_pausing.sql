-- Cancels the batches of a sweep that pause at $2.
UPDATE lethe_batches
SET state = 'cancelled', keys = NULL, lease = NULL
WHERE sweep = $1 AND state = 'ready' AND run_at > $2
