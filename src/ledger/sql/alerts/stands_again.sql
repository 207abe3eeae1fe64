-- Has the last event of this name stand again, if it was over at $2 or later.
UPDATE lethe_alerts
SET over_at = NULL
WHERE id = (SELECT max(id) FROM lethe_alerts WHERE event = $1) AND over_at >= $2
