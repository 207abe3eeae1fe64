-- Notes that a moment ahead of the clock was reset.
INSERT INTO lethe_resets (what, at, was) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
