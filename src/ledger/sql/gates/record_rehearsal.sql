-- Records a rehearsal; one at the same moment replaces another.
INSERT INTO lethe_rehearsals (digest, at, done_by, anonymized, refused, failed, whole, kind, filters)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (digest, at) DO UPDATE
SET done_by = excluded.done_by, anonymized = excluded.anonymized, refused = excluded.refused,
    failed = excluded.failed, whole = excluded.whole, kind = excluded.kind, filters = excluded.filters
