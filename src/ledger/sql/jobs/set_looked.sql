-- Notes that a job's ticks were checked until $2; never moves back.
UPDATE lethe_jobs SET checked_at = $2 WHERE job = $1 AND checked_at < $2
