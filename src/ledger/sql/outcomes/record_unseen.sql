-- Records that a client failed which could not be processed at all.
INSERT INTO lethe_outcomes (client_key, sweep, outcome, reasons, at, last_sweep, last_at, digest)
VALUES ($1, $2, 'failed', $3, $4, $2, $4, $5)
ON CONFLICT (client_key, sweep) DO NOTHING
