-- Lets live sweeps continue.
UPDATE lethe_journal
SET error = NULL, error_at = NULL, halted_at = NULL, halted_for = NULL
WHERE halted_at IS NOT NULL
