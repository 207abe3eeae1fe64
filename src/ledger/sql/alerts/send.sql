-- Writes down a message of an event; it belongs to no sweep.
INSERT INTO lethe_deliveries (kind, target, sweep, event, body, message, state, run_at, made_at)
VALUES ('message', $1, 0, $2, $3, $4, 'open', $5, $5)
