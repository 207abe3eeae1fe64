-- A root as it was last seen.
SELECT mark, location FROM lethe_roots WHERE name = $1
