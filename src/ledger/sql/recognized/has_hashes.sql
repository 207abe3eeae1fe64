-- Whether there are hashes: kept before a day, or (NULL) at all.
SELECT EXISTS (SELECT 1 FROM lethe_recognized WHERE $1 IS NULL OR kept_at < $1)
