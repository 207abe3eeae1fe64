-- Claims what can be claimed at $1, the oldest first, for worker $2. {among} restricts it to some batches, {skip}
-- skips rows that another worker is claiming.
UPDATE lethe_batches
SET state = 'running', attempts = attempts + 1, worker = $2, lease = $3 || '-' || CAST(id AS TEXT), lease_until = $4
WHERE id IN (
    SELECT id FROM lethe_batches
    WHERE state IN ('ready', 'running') AND run_at <= $1 AND (state = 'ready' OR lease_until <= $1){among}
    ORDER BY id LIMIT $5{skip}
)
RETURNING id, lease, CAST(attempts AS BIGINT)
