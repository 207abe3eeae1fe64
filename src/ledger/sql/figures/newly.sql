-- Clients that had an outcome in this sweep for the first time.
SELECT count(*) FROM lethe_outcomes WHERE sweep = $1 AND outcome = $2
