-- Claims what `claimable.sql` selects. {body} reads the body as bytes.
UPDATE lethe_deliveries
SET lease = $5, lease_until = $6, attempts = attempts + 1
WHERE id IN (
{claimable})
RETURNING id, sweep, event, {body} AS body, message, attempts, made_at
