-- The replay was stopped: another one is to be opened.
UPDATE lethe_journal SET replay = NULL WHERE replay = $1
