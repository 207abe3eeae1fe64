-- Notes the sweep that replays the journal, unless another process has opened one.
UPDATE lethe_journal SET replay = $1 WHERE restored_at IS NOT NULL AND replay IS NULL
