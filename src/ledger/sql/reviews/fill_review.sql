-- From now on the review waits for a decision.
UPDATE lethe_reviews
SET state = 'waiting', looked_at = to_look_at, digest = $2, refused = $3, reasons = $4, clients = $5
WHERE id = $1 AND state = 'making'
