-- Deletes the records of requests before a moment.
DELETE FROM lethe_requests WHERE at < $1
