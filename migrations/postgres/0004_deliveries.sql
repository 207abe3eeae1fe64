-- What is to be done outside of the database once a batch is committed: a file
-- or folder to delete, a message to send. Written in the batch's own
-- transaction. A row is there until it is through and is then deleted, since a
-- path can name a person.
CREATE TABLE lethe_deliveries (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('file', 'folder', 'message')),
    target      TEXT NOT NULL,              -- the root, or the webhook, by its name in the configuration
    sweep       BIGINT NOT NULL,            -- 0 for what belongs to none
    client_key  TEXT,                       -- whose file it is; NULL for a message
    clients     BIGINT NOT NULL DEFAULT 0,  -- how many a message names
    event       TEXT NOT NULL DEFAULT '',   -- the type of a message
    body        TEXT NOT NULL,              -- the path below the root, or what the message says, as JSON
    message     TEXT NOT NULL,              -- a random name, the same however often it is sent
    state       TEXT NOT NULL CHECK (state IN ('new', 'open', 'failed')),
    attempts    BIGINT NOT NULL DEFAULT 0,
    run_at      TEXT COLLATE "C" NOT NULL,
    lease       TEXT,
    lease_until TEXT COLLATE "C",
    error       TEXT,                       -- the last error, without any data
    made_at     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX lethe_deliveries_open ON lethe_deliveries (kind, target, run_at) WHERE state = 'open';
CREATE INDEX lethe_deliveries_sweep ON lethe_deliveries (sweep);
CREATE INDEX lethe_deliveries_new ON lethe_deliveries (id) WHERE state = 'new';
CREATE INDEX lethe_deliveries_client ON lethe_deliveries (client_key) WHERE client_key IS NOT NULL;

-- What is left of a delivery that is through: one more of its sweep, target and result.
CREATE TABLE lethe_delivered (
    sweep       BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    target      TEXT NOT NULL,
    result      TEXT NOT NULL,              -- deleted, missing, named, sent or settled
    deliveries  BIGINT NOT NULL,
    last_at     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (sweep, kind, target, result)
);
