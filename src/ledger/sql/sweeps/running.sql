-- Running sweeps, oldest first.
SELECT * FROM lethe_sweeps WHERE state = 'running' ORDER BY id
