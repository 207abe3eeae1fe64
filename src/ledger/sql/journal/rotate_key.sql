-- Has the journal continue under the key with fingerprint $1, once what waits now is written.
INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest)
SELECT $1, 0, $2, $3, $1
WHERE NOT EXISTS (SELECT 1 FROM lethe_outbox WHERE outcome = $2 AND digest = $1)
