-- A page of a selection's keys.
SELECT client_key
FROM lethe_selected
WHERE selection = $1 AND client_key > $2
ORDER BY client_key LIMIT $3
