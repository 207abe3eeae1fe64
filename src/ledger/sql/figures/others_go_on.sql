-- Batches of a sweep, other than $2, that are open and have met with no error.
SELECT count(*)
FROM lethe_batches
WHERE sweep = $1 AND id <> $2 AND state IN ('ready', 'running') AND error IS NULL
