-- Counts a refused request $4 times more, if one like it was recorded since $2.
UPDATE lethe_requests
SET times = times + $4
WHERE asked_by = $1 AND at >= $2 AND allowed = 0 AND what = $3
