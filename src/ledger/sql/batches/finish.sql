-- Ends a batch, or puts it off (`ready`), if the claim still holds. $13 is the attempt given back, $15 the clients
-- that went into other batches.
UPDATE lethe_batches
SET state = $3, keys = CASE WHEN $3 = 'ready' THEN keys END, clients = clients - $15, run_at = COALESCE($4, run_at),
    lease = NULL, lease_until = NULL, error = COALESCE($5, error), attempts = attempts - $13, waits = waits + $17,
    anonymized = $6, refused = $7, already = $8, not_due = $9, not_found = $10, failed = $11, reasons = $14,
    done_at = $12, took_ms = $16
WHERE id = $1 AND lease = $2 AND state = 'running'
