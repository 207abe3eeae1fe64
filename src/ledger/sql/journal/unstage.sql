-- Takes that choice back.
UPDATE lethe_journal SET staged = NULL WHERE staged = $1
