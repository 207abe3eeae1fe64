-- Deletes the clients that the imports of a review hold.
UPDATE lethe_imports SET clients = NULL WHERE review = $1 AND clients IS NOT NULL
