-- Records that a column was emptied for a client.
INSERT INTO lethe_cleaned (client_key, name, changed, digest, cleaned_by, cleaned_at)
VALUES ($1, $2, $3, $4, $5, $6)
