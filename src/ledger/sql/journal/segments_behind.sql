-- The next segments, as the ledger knows them.
SELECT segment, number, hash FROM lethe_segments WHERE segment > $1 ORDER BY segment LIMIT $2
