-- An import, by its number.
SELECT i.id, r.name AS review, i.made_by, i.made_at, i.file, i.saved_with, i.state, i.rows_read, i.rows_checked,
    i.kept, i.removed, i.errors, i.sweep, r.asked
FROM lethe_imports AS i
JOIN lethe_reviews AS r ON r.id = i.review
WHERE i.id = $1
