-- Notes that the journal is ahead: from now on live sweeps wait.
UPDATE lethe_journal SET restored_at = $1, staged = NULL WHERE restored_at IS NULL
