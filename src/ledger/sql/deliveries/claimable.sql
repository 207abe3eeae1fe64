-- The deliveries to a target that can be claimed at $3, the oldest first. While the journal waits for an operator,
-- only alerts are.
SELECT id FROM lethe_deliveries
WHERE state = 'open' AND kind = $1 AND target = $2 AND run_at <= $3 AND (lease_until IS NULL OR lease_until <= $3)
    AND (event IN ('lethe.alert', 'ping.failed')
        OR NOT EXISTS (SELECT 1 FROM lethe_journal WHERE halted_at IS NOT NULL))
ORDER BY id LIMIT $4{skip}
