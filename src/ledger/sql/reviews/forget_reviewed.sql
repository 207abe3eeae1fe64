-- Deletes the clients of a review.
DELETE FROM lethe_reviewed WHERE review = $1
