-- Records who set a client's day, and what it was before.
INSERT INTO lethe_dates (client_key, day, before, set_by, set_at) VALUES ($1, $2, $3, $4, $5)
