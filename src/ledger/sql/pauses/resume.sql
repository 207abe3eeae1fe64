-- Resumes a job, or (NULL) all work.
UPDATE lethe_pauses
SET resumed_by = $2, resumed_at = $3
WHERE resumed_at IS NULL AND job IS NOT DISTINCT FROM $1
