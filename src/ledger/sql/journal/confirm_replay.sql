-- Lets the replay exceed the brake.
UPDATE lethe_journal SET over_brake = 1 WHERE restored_at IS NOT NULL
