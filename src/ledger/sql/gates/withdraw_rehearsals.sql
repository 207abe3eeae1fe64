-- Forgets which rehearsals of a plan passed.
DELETE FROM lethe_rehearsals WHERE digest = $1
