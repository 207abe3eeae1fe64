-- The state of each job's last sweep, and when one was last done.
SELECT s.job, s.state,
    (SELECT max(d.closed_at) FROM lethe_sweeps AS d WHERE d.job = s.job AND d.state = 'done') AS done_at
FROM lethe_sweeps AS s
WHERE s.id IN (SELECT max(id) FROM lethe_sweeps WHERE job IS NOT NULL GROUP BY job)
ORDER BY s.job
