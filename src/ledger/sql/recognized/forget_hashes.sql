-- Forgets hashes kept before a day, or (NULL) all of them.
DELETE FROM lethe_recognized WHERE $1 IS NULL OR kept_at < $1
