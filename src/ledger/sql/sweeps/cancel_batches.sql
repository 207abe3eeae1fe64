-- Cancels the open batches of a sweep.
UPDATE lethe_batches
SET state = 'cancelled', keys = NULL, lease = NULL
WHERE sweep = $1 AND state IN ('ready', 'running')
