-- Forgets what waits to be written.
DELETE FROM lethe_outbox
