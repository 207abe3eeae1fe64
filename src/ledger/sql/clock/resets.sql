-- The moments reset between two others, newest first.
SELECT what, at, was FROM lethe_resets WHERE at >= $1 AND at <= $2 ORDER BY at DESC, what
