-- Records new outcomes. $1 sweep, $2 moment, $3 plan digest.
INSERT INTO lethe_outcomes (client_key, sweep, outcome, reasons, at, last_sweep, last_at, digest)
SELECT key, $1, state, reasons, $2, $1, $2, $3
FROM lethe_batch
WHERE state NOT IN ('over', 'busy', 'apart') AND standing = 0
ORDER BY n
ON CONFLICT (client_key, sweep) DO UPDATE
SET outcome = excluded.outcome, reasons = excluded.reasons, at = excluded.at, last_at = excluded.last_at
WHERE lethe_outcomes.outcome <> 'anonymized'
