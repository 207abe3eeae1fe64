-- The journal, and sweeps of the kinds `replay` and `retention`.
CREATE TABLE lethe_sweeps_before AS SELECT * FROM lethe_sweeps;
-- Batches refer to sweeps: checked when all of this is done.
PRAGMA defer_foreign_keys = ON;
DROP TABLE lethe_sweeps;
CREATE TABLE lethe_sweeps (
    id          INTEGER PRIMARY KEY,
    job         TEXT,                       -- the job file; NULL for a sweep started by hand
    tick        TEXT,                       -- the scheduled moment; NULL if started by hand
    skipped     INTEGER NOT NULL DEFAULT 0, -- earlier ticks that nothing ran for, caught up by this one
    kind        TEXT NOT NULL CHECK (kind IN ('due', 'period', 'list', 'replay', 'retention')),
    filters     TEXT NOT NULL,              -- JSON: name -> values
    cap         INTEGER,                    -- most clients to anonymize
    force       INTEGER NOT NULL DEFAULT 0, -- the retention period is passed over
    over_brake  INTEGER NOT NULL DEFAULT 0, -- somebody answered the brake: it may take so many
    today       TEXT NOT NULL,              -- the day in the job's time zone
    cutoff      TEXT,                       -- period sweeps: the first day on which activity keeps a client
    since       TEXT,                       -- period sweeps: look only at what left the period from this day on
    digest      TEXT NOT NULL,              -- of the plan
    state       TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped', 'braked')),
    note        TEXT,                       -- why it was stopped or braked
    position    TEXT,                       -- the last key that was cut into a batch, as JSON
    cut         INTEGER NOT NULL DEFAULT 0, -- 1 when everybody has been cut into batches
    capped      INTEGER NOT NULL DEFAULT 0, -- 1 when the cap ended the sweep before everybody was looked at
    opened_by   TEXT NOT NULL,
    opened_at   TEXT NOT NULL,
    closed_at   TEXT,
    UNIQUE (job, tick)
);
CREATE INDEX lethe_sweeps_running ON lethe_sweeps (id) WHERE state = 'running';
INSERT INTO lethe_sweeps SELECT * FROM lethe_sweeps_before;
DROP TABLE lethe_sweeps_before;

-- Where the journal stands: one row, from the moment a journal is first configured.
CREATE TABLE lethe_journal (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    segment     BIGINT NOT NULL DEFAULT 0,  -- the last segment that is known to be in the journal
    number      BIGINT NOT NULL DEFAULT 0,  -- the last record in it
    hash        TEXT NOT NULL,              -- of that record
    staged      TEXT,                       -- JSON: the outbox rows that the next segment holds, while it is being written
    shipped_at  TEXT,                       -- when the last segment was written
    error       TEXT,                       -- why nothing can be written
    error_at    TEXT,                       -- since when
    lease       TEXT,                       -- who writes
    lease_until TEXT,
    restored_at TEXT,                       -- when the journal was found to be ahead of the ledger: live sweeps wait
    replay      BIGINT                      -- the sweep that does again what the journal knows
);

-- The journal's segments: how far each goes, and how it ends.
CREATE TABLE lethe_segments (
    segment     BIGINT PRIMARY KEY,
    number      BIGINT NOT NULL,            -- its last record
    hash        TEXT NOT NULL,              -- of that record
    at          TEXT NOT NULL
);

-- Outcomes that wait to be written to the journal.
CREATE TABLE lethe_outbox (
    id          INTEGER PRIMARY KEY,
    client_key  TEXT NOT NULL,
    sweep       BIGINT NOT NULL,
    outcome     TEXT NOT NULL,
    at          TEXT NOT NULL,
    digest      TEXT NOT NULL
);
