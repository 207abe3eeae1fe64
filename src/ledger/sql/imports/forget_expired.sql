-- Deletes the clients that the imports of expired reviews hold.
UPDATE lethe_imports
SET clients = NULL
WHERE clients IS NOT NULL AND review IN (SELECT id FROM lethe_reviews WHERE state = 'expired')
