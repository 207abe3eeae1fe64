-- Moves the journal's end forward to segment $1, if it is the next.
UPDATE lethe_journal
SET segment = $1, number = $2, hash = $3, shipped_at = $4, key_mark = $5, staged = NULL, error = NULL, error_at = NULL
WHERE segment = $1 - 1
