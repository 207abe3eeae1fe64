-- Counts deliveries as complete.
INSERT INTO lethe_delivered (sweep, kind, target, result, deliveries, last_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (sweep, kind, target, result) DO UPDATE
SET deliveries = lethe_delivered.deliveries + excluded.deliveries, last_at = excluded.last_at
