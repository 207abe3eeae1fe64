-- Notes why the journal cannot be used, or (NULL) that it can. An error keeps its first time, whatever its wording.
UPDATE lethe_journal
SET error = $1, error_at = CASE WHEN $1 IS NOT NULL THEN COALESCE(error_at, $2) END
WHERE error IS DISTINCT FROM $1
