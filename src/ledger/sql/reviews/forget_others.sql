-- Deletes the clients of a review that {clients} does not select.
DELETE FROM lethe_reviewed WHERE review = $1 AND client_key NOT IN ({clients})
