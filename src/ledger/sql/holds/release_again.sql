-- Releases a hold as the journal knows it; never one that was placed later.
UPDATE lethe_holds
SET released_by = $3, released_at = $2
WHERE client_key = $1 AND released_at IS NULL AND placed_at <= $2
