-- Places a hold that the journal knows. If another hold has been placed since, that one remains.
INSERT INTO lethe_holds (client_key, reason, placed_by, placed_at, released_by, released_at)
SELECT $1, $4, $3, $2,
    (SELECT $3 FROM lethe_holds WHERE client_key = $1 AND released_at IS NULL),
    (SELECT placed_at FROM lethe_holds WHERE client_key = $1 AND released_at IS NULL)
WHERE NOT EXISTS (SELECT 1 FROM lethe_holds WHERE client_key = $1 AND placed_at = $2)
