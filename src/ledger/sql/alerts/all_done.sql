-- Whether the last sweep of each job that had one since $1 is done.
SELECT count(*) = 0
FROM lethe_sweeps
WHERE id IN (SELECT max(id) FROM lethe_sweeps WHERE job IS NOT NULL AND opened_at >= $1 GROUP BY job)
    AND state <> 'done'
