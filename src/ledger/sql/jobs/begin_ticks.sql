-- Begins to check the ticks of a job's schedule, from a moment on.
INSERT INTO lethe_jobs (job, checked_at, schedule)
VALUES ($1, $2, $3)
ON CONFLICT (job) DO UPDATE SET checked_at = excluded.checked_at, schedule = excluded.schedule
