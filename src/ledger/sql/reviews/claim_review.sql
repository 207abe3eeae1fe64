-- Decides a review that waits as it was seen: of plan $2, with $3 clients.
UPDATE lethe_reviews
SET state = $4, decided_by = $5, decided_at = $6, removed = removed + clients - $7, clients = $7
WHERE id = $1 AND state = 'waiting' AND digest = $2 AND clients = $3
