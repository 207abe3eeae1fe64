-- Deletes a page of a selection's keys.
DELETE FROM lethe_selected
WHERE selection = $1
    AND client_key IN (SELECT client_key FROM lethe_selected WHERE selection = $1 ORDER BY client_key LIMIT $2)
