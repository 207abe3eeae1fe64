-- Takes over the outcomes in {rows}, the records in $1. Of two sweeps with one number, that in which the client was
-- anonymized stands.
INSERT INTO lethe_outcomes (client_key, sweep, outcome, at, last_sweep, last_at, digest)
SELECT client, sweep, outcome, at, sweep, at, digest
FROM (
    SELECT r.*, row_number() OVER (PARTITION BY r.client, r.sweep ORDER BY r.number DESC) AS place FROM {rows}
) AS n
WHERE n.place = 1
ON CONFLICT (client_key, sweep) DO UPDATE
SET outcome = excluded.outcome, reasons = NULL, at = excluded.at, last_at = excluded.last_at, digest = excluded.digest
WHERE excluded.outcome = 'anonymized' AND lethe_outcomes.outcome <> 'anonymized'
