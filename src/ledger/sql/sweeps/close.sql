-- Closes a running sweep that is cut to its end and has no open batch.
UPDATE lethe_sweeps
SET state = 'done', closed_at = $2
WHERE id = $1 AND state = 'running' AND cut = 1
    AND NOT EXISTS (SELECT 1 FROM lethe_batches WHERE sweep = $1 AND state IN ('ready', 'running'))
