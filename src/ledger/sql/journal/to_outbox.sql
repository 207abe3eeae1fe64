-- Puts the outcomes that a batch has just recorded into the outbox, if they are new and there is a journal. From
-- the ledger, so that the journal says nothing that the ledger does not.
INSERT INTO lethe_outbox (client_key, sweep, outcome, at, digest)
SELECT o.client_key, o.sweep, o.outcome, o.last_at, o.digest
FROM lethe_batch AS b
JOIN lethe_outcomes AS o ON o.client_key = b.key AND o.sweep = $1
WHERE b.standing = 0 AND o.outcome = b.state AND o.last_at = $2 AND EXISTS (SELECT 1 FROM lethe_journal)
ORDER BY b.n
