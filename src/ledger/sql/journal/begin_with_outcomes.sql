-- Puts all clients anonymized so far into the outbox.
INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest)
SELECT client_key, sweep, outcome, at, digest
FROM lethe_outcomes
WHERE outcome = 'anonymized'
ORDER BY sweep, client_key
