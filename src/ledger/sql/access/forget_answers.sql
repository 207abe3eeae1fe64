-- Deletes the answers kept before a moment.
DELETE FROM lethe_answers WHERE at < $1
