-- Notes an event, unless it is noted and not over.
INSERT INTO lethe_alerts (event, kind, raised_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
