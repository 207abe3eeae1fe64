-- What a sweep may take, and the ticks that joined it.
-- zone: the time zone in which it has its day.
ALTER TABLE lethe_sweeps ADD COLUMN zone TEXT;
-- allowance: the most clients that its brake lets it take, NULL for no limit. row_allowance: of retention sweeps,
-- JSON: table -> the most rows. taken: clients taken so far.
ALTER TABLE lethe_sweeps ADD COLUMN allowance BIGINT;
ALTER TABLE lethe_sweeps ADD COLUMN row_allowance TEXT;
ALTER TABLE lethe_sweeps ADD COLUMN taken BIGINT NOT NULL DEFAULT 0;
-- joined: later ticks of its job that joined it while it ran. joined_at: the last of them.
ALTER TABLE lethe_sweeps ADD COLUMN joined BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lethe_sweeps ADD COLUMN joined_at TEXT;

-- waits: how often a batch was put off because other sessions had locked its clients.
ALTER TABLE lethe_batches ADD COLUMN waits BIGINT NOT NULL DEFAULT 0;

-- schedule: the one whose ticks were looked at. Under another one a job begins with its next tick.
ALTER TABLE lethe_jobs ADD COLUMN schedule TEXT;

-- Moments that were ahead of the clock, as it had been wrong, and were reset.
CREATE TABLE lethe_resets (
    what        TEXT NOT NULL,
    at          TEXT NOT NULL,
    was         TEXT NOT NULL,              -- the furthest of these moments
    PRIMARY KEY (what, at)
);
