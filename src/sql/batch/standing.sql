-- Notes for each client whether the outcome and reasons of its latest record are to be recorded again.
UPDATE lethe_batch
SET standing = 1
WHERE latest IS NOT NULL AND EXISTS (
    SELECT 1 FROM lethe_outcomes AS o
    WHERE o.client_key = lethe_batch.key AND o.sweep = lethe_batch.latest AND o.outcome = lethe_batch.state
        AND o.reasons IS NOT DISTINCT FROM lethe_batch.reasons
)
