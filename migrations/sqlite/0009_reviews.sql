-- The clients that a sweep would take, held until a second person approves them.
CREATE TABLE lethe_reviews (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    asked       TEXT NOT NULL,              -- JSON: job or kind, filters, limit, length
    digest      TEXT NOT NULL,              -- of the plan
    made_by     TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    looked_at   BIGINT NOT NULL DEFAULT 0,  -- clients, while it is made
    to_look_at  BIGINT NOT NULL DEFAULT 0,
    alive_at    TEXT,                    -- when whoever makes it was last seen
    clients     BIGINT NOT NULL DEFAULT 0,  -- how many would be anonymized
    removed     BIGINT NOT NULL DEFAULT 0,  -- how many a person took out
    refused     BIGINT NOT NULL DEFAULT 0,
    reasons     TEXT NOT NULL DEFAULT '{}', -- JSON: reason -> clients refused for it
    state       TEXT NOT NULL CHECK (state IN ('making', 'waiting', 'failed', 'approved', 'rejected', 'expired', 'deleted')),
    note        TEXT,                       -- why it failed
    decided_by  TEXT,
    decided_at  TEXT,
    sweep       BIGINT                      -- that the approval opened
);
CREATE UNIQUE INDEX lethe_reviews_name ON lethe_reviews (name) WHERE state IN ('making', 'waiting');

-- Its clients, until it is decided.
CREATE TABLE lethe_reviewed (
    review      BIGINT NOT NULL REFERENCES lethe_reviews (id),
    client_key  TEXT NOT NULL,
    PRIMARY KEY (review, client_key)
);

-- Its workbooks: who took one, and how one that nobody saved again is known.
CREATE TABLE lethe_exports (
    id          INTEGER PRIMARY KEY,
    review      BIGINT NOT NULL REFERENCES lethe_reviews (id),
    made_by     TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    workbook    TEXT NOT NULL               -- SHA-256 of the part that a program writes anew when it saves
);
CREATE INDEX lethe_exports_review ON lethe_exports (review);

-- Workbooks given back, and what came of them.
CREATE TABLE lethe_imports (
    id          INTEGER PRIMARY KEY,
    review      BIGINT NOT NULL REFERENCES lethe_reviews (id),
    made_by     TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    file        TEXT NOT NULL,              -- SHA-256 of the file
    saved_with  TEXT NOT NULL,              -- the program, as it says itself
    state       TEXT NOT NULL CHECK (state IN ('refused', 'taken', 'approved')),
    kept        BIGINT NOT NULL,            -- clients left in it
    removed     BIGINT NOT NULL,            -- clients taken out
    errors      TEXT NOT NULL,              -- JSON: row, column, what, fix; no values
    sweep       BIGINT                      -- that was opened
);
CREATE INDEX lethe_imports_review ON lethe_imports (review);
