-- Has everything that failed or waits for another try tried again, from the first attempt on.
UPDATE lethe_deliveries
SET state = 'open', attempts = 0, run_at = $1
WHERE state = 'failed' OR run_at > $1
