-- Chooses the content of the segment behind $2, unless another process has.
UPDATE lethe_journal SET staged = $1 WHERE segment = $2 AND staged IS NULL
