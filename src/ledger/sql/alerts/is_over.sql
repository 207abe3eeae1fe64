-- Notes that an event is over.
UPDATE lethe_alerts SET over_at = $2 WHERE event = $1 AND over_at IS NULL
