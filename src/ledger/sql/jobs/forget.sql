-- Forgets the jobs that {jobs} does not select: one that returns is new.
DELETE FROM lethe_jobs WHERE job NOT IN ({jobs})
