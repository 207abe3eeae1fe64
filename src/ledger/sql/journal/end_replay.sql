-- The replay is done: live sweeps continue.
UPDATE lethe_journal SET restored_at = NULL, replay = NULL, over_brake = 0 WHERE replay = $1
