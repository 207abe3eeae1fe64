-- Selections begun before $1 and not saved.
SELECT id FROM lethe_selections WHERE saved_at IS NULL AND begun_at < $1
