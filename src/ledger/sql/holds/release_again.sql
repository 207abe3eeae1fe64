-- Releases a hold as the journal knows it; never one that was placed later, by the clock or because it still waits to be
-- written to the journal.
UPDATE lethe_holds
SET released_by = $3, released_at = $2
WHERE client_key = $1 AND released_at IS NULL AND placed_at <= $2
    AND NOT EXISTS (
        SELECT 1 FROM lethe_outbox AS o
        WHERE o.sweep = 0 AND o.client_key = $1 AND o.outcome = 'placed' AND o.at = lethe_holds.placed_at
    )
