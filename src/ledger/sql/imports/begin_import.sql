-- Records that a workbook is imported.
INSERT INTO lethe_imports (review, made_by, made_at, alive_at, file, saved_with, state, kept, removed, errors)
VALUES ($1, $2, $3, $3, $4, '', 'reading', 0, 0, '[]')
RETURNING id
