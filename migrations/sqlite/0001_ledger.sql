-- The ledger: Lethe's own tables, beside the company's, so that a client's
-- changes and its outcome commit together. Moments are UTC in RFC 3339, days
-- are YYYY-MM-DD, keys are as people write them. No personal data.

-- One sweep: what was asked for, on which day, under which plan, and what came of it.
CREATE TABLE lethe_sweeps (
    id          INTEGER PRIMARY KEY,
    job         TEXT,                       -- the job file; NULL for a sweep started by hand
    tick        TEXT,                       -- the scheduled moment; NULL if started by hand
    skipped     INTEGER NOT NULL DEFAULT 0, -- earlier ticks that nothing ran for, caught up by this one
    kind        TEXT NOT NULL CHECK (kind IN ('due', 'period', 'list')),
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

-- Batches are the queue: claimed by a lease, finished only by that lease.
CREATE TABLE lethe_batches (
    id          INTEGER PRIMARY KEY,
    sweep       INTEGER NOT NULL REFERENCES lethe_sweeps (id),
    keys        TEXT,                       -- JSON array; NULL once the batch is over
    clients     INTEGER NOT NULL,
    after       TEXT,                       -- the sweep's position before this batch
    state       TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'split', 'cancelled')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    run_at      TEXT NOT NULL,
    lease       TEXT,
    lease_until TEXT,
    worker      TEXT,
    error       TEXT,                       -- the last error, without any data
    anonymized  INTEGER NOT NULL DEFAULT 0,
    refused     INTEGER NOT NULL DEFAULT 0,
    already     INTEGER NOT NULL DEFAULT 0,
    not_due     INTEGER NOT NULL DEFAULT 0,
    not_found   INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    reasons     TEXT,                       -- JSON: reason -> clients refused for it
    done_at     TEXT
);
CREATE INDEX lethe_batches_sweep ON lethe_batches (sweep);
CREATE INDEX lethe_batches_open ON lethe_batches (run_at) WHERE state IN ('ready', 'running');

-- What became of each client. An outcome that stands night after night is one
-- row whose last_sweep moves on.
CREATE TABLE lethe_outcomes (
    client_key  TEXT NOT NULL,
    sweep       INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    reasons     TEXT,                       -- JSON array
    at          TEXT NOT NULL,
    last_sweep  INTEGER NOT NULL,
    last_at     TEXT NOT NULL,
    digest      TEXT NOT NULL,
    PRIMARY KEY (client_key, sweep)
) WITHOUT ROWID;
CREATE INDEX lethe_outcomes_open ON lethe_outcomes (outcome, client_key) WHERE outcome IN ('refused', 'failed');

CREATE TABLE lethe_holds (
    id          INTEGER PRIMARY KEY,
    client_key  TEXT NOT NULL,
    reason      TEXT NOT NULL,
    placed_by   TEXT NOT NULL,
    placed_at   TEXT NOT NULL,
    released_by TEXT,
    released_at TEXT
);
CREATE UNIQUE INDEX lethe_holds_active ON lethe_holds (client_key) WHERE released_at IS NULL;

-- A plan was done whole and rolled back.
CREATE TABLE lethe_rehearsals (
    digest      TEXT NOT NULL,
    at          TEXT NOT NULL,
    done_by     TEXT NOT NULL,
    anonymized  INTEGER NOT NULL,
    refused     INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    PRIMARY KEY (digest, at)
);

-- Somebody, or a backup script, says that a backup was made.
CREATE TABLE lethe_backups (
    id          INTEGER PRIMARY KEY,
    made_at     TEXT NOT NULL,
    said_by     TEXT NOT NULL,
    note        TEXT
);

-- Until when a job's ticks have been looked at.
CREATE TABLE lethe_jobs (
    job         TEXT PRIMARY KEY,
    checked_at  TEXT NOT NULL
);

-- How far the period sweeps of one plan and filter have looked at everybody.
CREATE TABLE lethe_marks (
    mark        TEXT PRIMARY KEY,           -- digest of plan and filters
    cutoff      TEXT,                       -- everybody was looked at with this cutoff
    full_at     TEXT,                       -- when everybody was last looked at
    position    TEXT,                       -- a look at everybody that a cap cut short goes on behind this key
    pass_cutoff TEXT                        -- and began with this cutoff
);
