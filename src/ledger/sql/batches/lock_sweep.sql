-- Locks a sweep, where the database locks rows.
SELECT id FROM lethe_sweeps WHERE id = $1{lock}
