-- Pauses of a job, or of all work, in force until a person resumes it.
CREATE TABLE lethe_pauses (
    id          INTEGER PRIMARY KEY,
    job         TEXT,                       -- NULL for all work
    reason      TEXT NOT NULL,
    paused_by   TEXT NOT NULL,
    paused_at   TEXT NOT NULL,
    resumed_by  TEXT,
    resumed_at  TEXT
);
CREATE UNIQUE INDEX lethe_pauses_active ON lethe_pauses (COALESCE(job, '')) WHERE resumed_at IS NULL;

-- cut_at: when all clients of a sweep had been cut into batches; NULL before that.
ALTER TABLE lethe_sweeps ADD COLUMN cut_at TEXT;
