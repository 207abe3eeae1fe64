-- Begins a review, unless one of its name is being made or waits.
INSERT INTO lethe_reviews (name, asked, digest, made_by, made_at, alive_at, state)
VALUES ($1, $2, '', $3, $4, $4, 'making')
ON CONFLICT (name)
WHERE state IN ('making', 'waiting') DO NOTHING
RETURNING id
