-- The list of migrations that were applied.
CREATE TABLE IF NOT EXISTS lethe_migrations (version BIGINT PRIMARY KEY)
