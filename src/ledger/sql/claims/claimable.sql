-- The batches that can be claimed at $1, the oldest first.
SELECT id FROM lethe_batches
WHERE state IN ('ready', 'running') AND run_at <= $1 AND (state = 'ready' OR lease_until <= $1)
ORDER BY id LIMIT $2
