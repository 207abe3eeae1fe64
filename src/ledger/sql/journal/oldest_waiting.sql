-- The oldest rows of the outbox.
SELECT id, outcome FROM lethe_outbox ORDER BY id LIMIT $1
