-- Takes away the saved selection of the same name, if it is to be replaced ($2 = 1).
UPDATE lethe_selections
SET saved_at = NULL
WHERE saved_at IS NOT NULL AND $2 = 1 AND name = (SELECT name FROM lethe_selections WHERE id = $1)
RETURNING id
