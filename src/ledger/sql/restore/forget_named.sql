-- Outcomes that wait to be written under a client's key and have been under its hash. {pairs} are the pairs in $1.
DELETE FROM lethe_outbox
WHERE EXISTS (
    SELECT 1
    FROM {pairs} AS p
    JOIN lethe_outcomes AS o ON o.client_key = p.hash
    WHERE p.client = lethe_outbox.client_key AND o.sweep = lethe_outbox.sweep
        AND o.outcome = lethe_outbox.outcome AND o.at = lethe_outbox.at
)
