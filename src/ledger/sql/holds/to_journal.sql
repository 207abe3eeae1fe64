-- Puts a hold placed or released into the outbox, if there is a journal.
INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest)
SELECT $1, 0, $2, $3, ''
WHERE EXISTS (SELECT 1 FROM lethe_journal)
