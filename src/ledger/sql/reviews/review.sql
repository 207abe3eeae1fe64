-- The review of a name that is undecided, or else the last one that was not deleted.
SELECT *
FROM lethe_reviews
WHERE name = $1 AND state <> 'deleted'
ORDER BY (state NOT IN ('making', 'waiting')), id DESC LIMIT 1
