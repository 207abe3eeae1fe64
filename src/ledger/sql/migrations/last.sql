-- The last migration that was applied, 0 if none was.
SELECT COALESCE(max(version), 0) FROM lethe_migrations
