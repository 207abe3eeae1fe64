-- Records the result of an import. What was decided is not refused any more.
UPDATE lethe_imports
SET saved_with = $2, state = $3, rows_read = $4, rows_checked = $5, kept = $6, removed = $7, errors = $8,
    clients = $9, sweep = $10
WHERE id = $1 AND (state = 'reading' OR $3 <> 'refused')
