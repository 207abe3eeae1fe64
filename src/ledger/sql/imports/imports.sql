-- Imports, the newest first.
SELECT i.id, r.name AS review, i.made_by, i.made_at, i.file, i.saved_with, i.state, i.rows_read, i.rows_checked,
    i.kept, i.removed, i.errors, i.sweep, r.asked
FROM lethe_imports AS i
JOIN lethe_reviews AS r ON r.id = i.review
WHERE lower(r.name) LIKE $1 ESCAPE '!' AND i.state LIKE $2 ESCAPE '!' AND i.made_by LIKE $3 ESCAPE '!'
    AND i.made_at >= $4
ORDER BY i.id DESC LIMIT $5
