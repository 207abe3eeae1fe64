-- The clients of a review, in key order.
SELECT client_key FROM lethe_reviewed WHERE review = $1 ORDER BY client_key
