-- Releases a hold: whatever the clock was when it was placed, never before that, as the journal has both in this
-- order.
UPDATE lethe_holds
SET released_by = $3, released_at = CASE WHEN placed_at > $2 THEN placed_at ELSE $2 END
WHERE client_key = $1 AND released_at IS NULL
RETURNING released_at
