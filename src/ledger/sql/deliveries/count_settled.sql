-- Counts as settled what `settle.sql` deletes.
INSERT INTO lethe_delivered (sweep, kind, target, result, deliveries, last_at)
SELECT sweep, kind, target, 'settled', count(*), $4
FROM lethe_deliveries
WHERE (state = 'failed' OR state = 'open' AND kind IN ({kinds}))
    AND ($1 IS NULL OR client_key = $1) AND ($2 IS NULL OR target = $2)
GROUP BY sweep, kind, target
ON CONFLICT (sweep, kind, target, result) DO UPDATE
SET deliveries = lethe_delivered.deliveries + excluded.deliveries, last_at = excluded.last_at
