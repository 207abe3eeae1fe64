-- Saves a selection whose keys have all come.
UPDATE lethe_selections SET clients = $2, saved_at = $3 WHERE id = $1
