-- Places a hold, unless the client is on hold.
INSERT INTO lethe_holds (client_key, reason, placed_by, placed_at)
VALUES ($1, $3, $4, $2)
ON CONFLICT (client_key)
WHERE released_at IS NULL DO NOTHING
RETURNING placed_at
