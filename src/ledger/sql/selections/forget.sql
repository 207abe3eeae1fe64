-- Deletes a selection whose keys are deleted.
DELETE FROM lethe_selections WHERE id = $1
