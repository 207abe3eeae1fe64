-- Keys of clients that somebody saved under a name, for sweeps of kind `list`.
CREATE TABLE lethe_selections (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    parts       BIGINT NOT NULL,            -- how many parts a key had in the policy
    clients     BIGINT NOT NULL DEFAULT 0,
    saved_by    TEXT NOT NULL,
    begun_at    TEXT NOT NULL,
    saved_at    TEXT                        -- NULL while its keys come, and while they go
);
CREATE UNIQUE INDEX lethe_selections_name ON lethe_selections (name) WHERE saved_at IS NOT NULL;

-- Its keys.
CREATE TABLE lethe_selected (
    selection   BIGINT NOT NULL REFERENCES lethe_selections (id),
    client_key  TEXT NOT NULL,
    PRIMARY KEY (selection, client_key)
);
