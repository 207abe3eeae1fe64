-- A token: who it stands for, what it may do, until when. The token itself is
-- shown once and kept nowhere.
CREATE TABLE lethe_tokens (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    hash        TEXT NOT NULL UNIQUE,       -- SHA-256, in hex
    rights      TEXT NOT NULL,              -- a JSON array of names
    made_by     TEXT NOT NULL,
    made_at     TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    used_at     TEXT,                       -- to the hour
    revoked_by  TEXT,
    revoked_at  TEXT
);
CREATE UNIQUE INDEX lethe_tokens_name ON lethe_tokens (name) WHERE revoked_at IS NULL;

-- What somebody asked for who may change something, and whether it was allowed.
CREATE TABLE lethe_requests (
    id          INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,
    asked_by    TEXT NOT NULL,              -- the token's name, or the account of the operating system
    way         TEXT NOT NULL,              -- command or http
    what        TEXT NOT NULL,
    needs       TEXT NOT NULL,              -- the right
    allowed     INTEGER NOT NULL
);

-- The answer to a request that carried a key of its own, so that the same
-- request sent again starts nothing twice.
CREATE TABLE lethe_answers (
    token       BIGINT NOT NULL,
    request_key TEXT NOT NULL,
    asked       TEXT NOT NULL,              -- SHA-256 of method, path and body
    at          TEXT NOT NULL,
    status      BIGINT,                     -- NULL while it is being worked on
    body        TEXT,
    PRIMARY KEY (token, request_key)
);
