-- Gives outcomes known by a hash their clients. {pairs} are the pairs in $1.
INSERT INTO lethe_outcomes (client_key, sweep, outcome, at, last_sweep, last_at, digest)
SELECT p.client, o.sweep, o.outcome, o.at, o.last_sweep, o.last_at, o.digest
FROM {pairs} AS p
JOIN lethe_outcomes AS o ON o.client_key = p.hash
WHERE TRUE
ON CONFLICT (client_key, sweep) DO UPDATE
SET outcome = excluded.outcome, reasons = NULL, at = excluded.at, last_at = excluded.last_at, digest = excluded.digest
WHERE excluded.outcome = 'anonymized' AND lethe_outcomes.outcome <> 'anonymized'
