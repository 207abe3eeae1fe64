-- Leaves out all clients from the first on for which a cap of $1 has no room.
UPDATE lethe_batch
SET state = 'over'
WHERE n >= (SELECT n FROM lethe_batch WHERE state IS NULL ORDER BY n LIMIT 1 OFFSET $1)
