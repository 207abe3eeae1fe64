-- Counts the clients by state.
SELECT state, count(*) FROM lethe_batch GROUP BY state
