-- Notes a try that did not get a delivery through; $6 is the attempt given back.
UPDATE lethe_deliveries
SET state = $3, run_at = $4, error = $5, attempts = attempts - $6, lease = NULL, lease_until = NULL
WHERE id = $1 AND lease = $2
