-- Deletes a review in whatever state it is.
UPDATE lethe_reviews
SET state = 'deleted', decided_by = $2, decided_at = $3
WHERE id = $1 AND state <> 'deleted'
