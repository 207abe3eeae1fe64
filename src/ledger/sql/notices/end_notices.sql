-- Ends the notices of clients whom an earlier sweep on the same terms found due, and sweep $1, which has checked
-- all clients, did not.
UPDATE lethe_notices
SET ended_at = $2, ended_by = 'not_due'
WHERE ended_at IS NULL AND seen < $1 AND sweep IN (
    SELECT other.id
    FROM lethe_sweeps AS other
    JOIN lethe_sweeps AS own ON own.kind = other.kind AND own.filters = other.filters
        AND (own.cutoff IS NULL OR other.cutoff IS NULL OR own.cutoff >= other.cutoff)
    WHERE own.id = $1 AND own.kind <> 'list' AND own.capped = 0
)
