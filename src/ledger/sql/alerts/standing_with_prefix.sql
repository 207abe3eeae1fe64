-- The events with a prefix that are not over.
SELECT event FROM lethe_alerts WHERE event LIKE $1 || '%' AND over_at IS NULL
