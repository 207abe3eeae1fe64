-- Keyed hashes of what the policy recognizes clients by, of clients anonymized; only where the policy has `[recognize]`.
CREATE TABLE lethe_recognized (
    hash        TEXT NOT NULL,
    client_key  TEXT NOT NULL,              -- the client anonymized
    kept_at     TEXT NOT NULL,
    PRIMARY KEY (hash, client_key)
);
CREATE INDEX lethe_recognized_kept ON lethe_recognized (kept_at);

-- Clients under a new key whom such a hash recognized. A replay takes those that a person has confirmed.
CREATE TABLE lethe_returned (
    client_key   TEXT PRIMARY KEY,
    former_key   TEXT NOT NULL,             -- the client anonymized
    found_at     TEXT NOT NULL,             -- when the hash last matched
    confirmed_by TEXT,
    confirmed_at TEXT
);
