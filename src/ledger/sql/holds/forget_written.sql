-- What of holds waits to be written and is in the journal. {rows} are the records in $1.
DELETE FROM lethe_outbox
WHERE sweep = 0 AND EXISTS (
    SELECT 1 FROM {rows}
    WHERE r.client = lethe_outbox.client_key AND r.outcome = lethe_outbox.outcome AND r.at = lethe_outbox.at
)
