-- Forgets clients not recognized since $1, confirmed or not. Those anonymized stay.
DELETE FROM lethe_returned
WHERE found_at < $1 AND NOT EXISTS (
    SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = lethe_returned.client_key AND o.outcome = 'anonymized'
)
