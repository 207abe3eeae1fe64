-- The clients to which a token is limited: names of filters and their values, as a JSON object. `{}` is no limit.
ALTER TABLE lethe_tokens ADD COLUMN limited_to TEXT NOT NULL DEFAULT '{}';
-- The limit of the token that saved a selection.
ALTER TABLE lethe_selections ADD COLUMN limited_to TEXT NOT NULL DEFAULT '{}';

-- A column that was emptied for one client by request.
CREATE TABLE lethe_cleaned (
    id          INTEGER PRIMARY KEY,
    client_key  TEXT NOT NULL,
    name        TEXT NOT NULL,              -- table and column
    changed     BIGINT NOT NULL,            -- how many rows were changed
    digest      TEXT NOT NULL,              -- that of the plan
    cleaned_by  TEXT NOT NULL,
    cleaned_at  TEXT NOT NULL
);
CREATE INDEX lethe_cleaned_client ON lethe_cleaned (client_key);
