-- Notes something about a sweep that has ended.
UPDATE lethe_sweeps SET note = $2 WHERE id = $1
