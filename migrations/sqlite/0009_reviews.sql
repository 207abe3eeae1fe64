-- The clients that a sweep would take, held until a second person approves them.
CREATE TABLE lethe_reviews (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    asked       TEXT NOT NULL,              -- JSON: job or kind, filters, limit, length
    digest      TEXT NOT NULL,              -- of the plan
    made_by     TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    clients     BIGINT NOT NULL,            -- how many would be anonymized
    refused     BIGINT NOT NULL,
    reasons     TEXT NOT NULL,              -- JSON: reason -> clients refused for it
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'rejected')),
    decided_by  TEXT,
    decided_at  TEXT,
    sweep       BIGINT                      -- that the approval opened
);
CREATE UNIQUE INDEX lethe_reviews_name ON lethe_reviews (name) WHERE state = 'waiting';

-- Its clients, until it is decided.
CREATE TABLE lethe_reviewed (
    review      BIGINT NOT NULL REFERENCES lethe_reviews (id),
    client_key  TEXT NOT NULL,
    PRIMARY KEY (review, client_key)
);
