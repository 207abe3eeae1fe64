-- Notes why a review could not be made.
UPDATE lethe_reviews SET state = 'failed', note = $2 WHERE id = $1 AND state = 'making'
