-- Leaves of each client that is named more than once, in whatever spelling, the first.
DELETE FROM lethe_batch WHERE n NOT IN (SELECT min(n) FROM lethe_batch GROUP BY key)
