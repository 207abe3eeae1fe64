-- Gives that lease back.
UPDATE lethe_journal SET lease = NULL WHERE lease = $1
