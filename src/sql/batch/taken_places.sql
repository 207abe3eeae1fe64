-- One more than the last place of a client taken.
SELECT COALESCE(max(n) + 1, 0) FROM lethe_taken
