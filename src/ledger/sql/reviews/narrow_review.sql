-- Leaves $2 clients on a review that waits as it was seen: of plan $3, with $4 clients.
UPDATE lethe_reviews
SET removed = removed + clients - $2, clients = $2
WHERE id = $1 AND state = 'waiting' AND digest = $3 AND clients = $4
