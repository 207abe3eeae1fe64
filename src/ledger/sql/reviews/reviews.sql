-- Reviews, those undecided first, then the newest. Deleted ones only if the state looked for is `deleted`.
SELECT *
FROM lethe_reviews
WHERE lower(name) LIKE $1 ESCAPE '!' AND state LIKE $2 ESCAPE '!' AND (state <> 'deleted' OR $2 = 'deleted')
    AND made_by LIKE $3 ESCAPE '!' AND made_at >= $4
ORDER BY (state NOT IN ('making', 'waiting')), id DESC LIMIT $5
