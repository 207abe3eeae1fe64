-- Records that a backup was taken.
INSERT INTO lethe_backups (made_at, said_by, note) VALUES ($1, $2, $3)
