-- When the last backup was taken.
SELECT max(made_at) FROM lethe_backups
