-- The batch of a claim, if the claim still holds.
SELECT id, sweep, keys, clients, waits
FROM lethe_batches
WHERE id = $1 AND lease = $2 AND state = 'running'
