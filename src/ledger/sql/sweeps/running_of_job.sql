-- The running sweep of a job.
SELECT min(id) FROM lethe_sweeps WHERE job = $1 AND state = 'running'
