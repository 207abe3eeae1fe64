-- Until when a job's ticks were checked, and under which schedule.
SELECT checked_at, schedule FROM lethe_jobs WHERE job = $1
