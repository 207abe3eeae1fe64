-- The running sweep that a person started on these terms.
SELECT id FROM lethe_sweeps WHERE terms = $1 AND state = 'running'
