-- The state of the journal.
SELECT segment, number, hash, staged, shipped_at, error, error_at, halted_at, halted_for, restored_at, replay,
    ledger, database, adopted, copied, key_mark, over_brake
FROM lethe_journal
