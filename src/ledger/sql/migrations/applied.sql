-- Notes that a migration was applied.
INSERT INTO lethe_migrations (version) VALUES ($1)
