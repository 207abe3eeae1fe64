-- What the rehearsals of a plan without a failure were of, the largest first.
SELECT kind, COALESCE(filters, '{}') AS filters, whole, anonymized
FROM lethe_rehearsals
WHERE digest = $1 AND failed = 0
ORDER BY anonymized DESC
