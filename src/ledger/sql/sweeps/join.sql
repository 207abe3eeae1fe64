-- Counts ticks that joined a running sweep: neither its own tick, nor one that joined before.
UPDATE lethe_sweeps
SET joined = joined + $3, joined_at = $2
WHERE id = $1 AND state = 'running' AND COALESCE(tick, '') < $2 AND COALESCE(joined_at, '') < $2
