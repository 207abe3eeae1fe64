-- Deletes the clients of reviews that have expired.
DELETE FROM lethe_reviewed WHERE review IN (SELECT id FROM lethe_reviews WHERE state = 'expired')
