-- Pauses a job, or (NULL) all work, unless it is paused.
INSERT INTO lethe_pauses (job, reason, paused_by, paused_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
