-- Whether a change to the key with fingerprint $2 waits to be written.
SELECT count(*) > 0 FROM lethe_outbox WHERE outcome = $1 AND digest = $2
