-- Has live sweeps wait for an operator. An error keeps its first time, whatever its wording.
UPDATE lethe_journal
SET error = $1, error_at = COALESCE(error_at, $2), halted_at = COALESCE(halted_at, $2), halted_for = $3
WHERE error IS DISTINCT FROM $1 OR halted_at IS NULL OR halted_for IS DISTINCT FROM $3
