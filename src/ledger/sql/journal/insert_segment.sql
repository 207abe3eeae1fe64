-- A segment that is written.
INSERT INTO lethe_segments (segment, number, hash, at) VALUES ($1, $2, $3, $4)
