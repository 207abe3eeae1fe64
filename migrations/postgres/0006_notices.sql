-- A client was selected and is told beforehand: from when until when, and how it ended.
CREATE TABLE lethe_notices (
    client_key  TEXT NOT NULL,
    sweep       BIGINT NOT NULL,            -- that selected the client
    asked_at    TEXT COLLATE "C" NOT NULL,
    sent_at     TEXT,                       -- when the receiver had it; NULL until then
    until       TEXT COLLATE "C",                       -- the last day on which the client is left alone
    seen        BIGINT NOT NULL,            -- the last sweep that found the client due still
    ended_at    TEXT,
    ended_by    TEXT,                       -- anonymized, refused, not_due, already, not_found, or lapsed
    PRIMARY KEY (client_key, sweep)
);
CREATE UNIQUE INDEX lethe_notices_open ON lethe_notices (client_key) WHERE ended_at IS NULL;
