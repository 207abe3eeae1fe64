-- The last rehearsal of a plan without a failure. Earlier versions of Lethe recorded others too.
SELECT at, done_by, anonymized, refused, failed
FROM lethe_rehearsals
WHERE digest = $1 AND failed = 0
ORDER BY at DESC LIMIT 1
