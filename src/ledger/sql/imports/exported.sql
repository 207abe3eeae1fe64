-- Records that a person exports a review's workbook, by the digest of the part that a program writes anew when it
-- saves.
INSERT INTO lethe_exports (review, made_by, made_at, workbook) VALUES ($1, $2, $3, $4)
