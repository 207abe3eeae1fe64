-- Begins a selection, which is not found before it is saved.
INSERT INTO lethe_selections (name, parts, limited_to, saved_by, begun_at)
VALUES ($1, $2, $3, $4, $5)
RETURNING id
