-- A sweep, by its number.
SELECT * FROM lethe_sweeps WHERE id = $1
