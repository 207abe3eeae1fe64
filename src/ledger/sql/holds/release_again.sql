-- Releases a hold as the journal says. What it says of an earlier hold releases none that was placed since: that one
-- still waits to be written there.
UPDATE lethe_holds SET released_by = $3, released_at = CASE WHEN placed_at > $2 THEN placed_at ELSE $2 END
WHERE client_key = $1 AND released_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM lethe_outbox AS o
        WHERE o.sweep = 0 AND o.client_key = $1 AND o.outcome = 'placed' AND o.at = lethe_holds.placed_at
    )
