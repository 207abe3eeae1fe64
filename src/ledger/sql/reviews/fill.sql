-- Writes the clients of a review: those that {clients} selects.
INSERT INTO lethe_reviewed (review, client_key)
SELECT CAST($1 AS BIGINT), value FROM ({clients}) AS given
