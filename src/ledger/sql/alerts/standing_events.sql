-- The events of a kind that are not over.
SELECT event FROM lethe_alerts WHERE kind = $1 AND over_at IS NULL
