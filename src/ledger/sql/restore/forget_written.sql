-- What had been written to the journal before the backup was made, or what the ledger has itself. {rows} are the
-- records in $1.
DELETE FROM lethe_outbox
WHERE EXISTS (
    SELECT 1 FROM {rows}
    WHERE r.client = lethe_outbox.client_key AND r.sweep = lethe_outbox.sweep
        AND r.outcome = lethe_outbox.outcome AND r.at = lethe_outbox.at
)
