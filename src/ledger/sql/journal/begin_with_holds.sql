-- Puts the holds in force into the outbox.
INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest)
SELECT client_key, 0, $1, placed_at, ''
FROM lethe_holds
WHERE released_at IS NULL
ORDER BY id
