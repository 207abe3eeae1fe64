-- A batch that can be claimed from $4 on.
INSERT INTO lethe_batches (sweep, keys, clients, state, run_at, waits)
VALUES ($1, $2, $3, 'ready', $4, $5)
