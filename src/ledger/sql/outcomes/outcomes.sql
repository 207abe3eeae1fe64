-- A page of a sweep's outcomes. `replace` compares without patterns: $3 and $6 are taken literally.
SELECT client_key, outcome, COALESCE(reasons, '[]') AS reasons, at
FROM lethe_outcomes
WHERE (sweep = $1 OR last_sweep = $1) AND ($2 IS NULL OR outcome = $2)
    AND ($3 IS NULL OR replace(reasons, $3, '') <> reasons) AND ($4 IS NULL OR client_key > $4)
    AND ($6 IS NULL OR replace(lower(client_key), lower($6), '') <> lower(client_key))
ORDER BY client_key, sweep LIMIT $5
