-- Whether an event is not over.
SELECT count(*) > 0 FROM lethe_alerts WHERE event = $1 AND over_at IS NULL
