-- The clients to which a token is limited: names of filters and their values, as a JSON object. `{}` is no limit.
ALTER TABLE lethe_tokens ADD COLUMN limited_to TEXT NOT NULL DEFAULT '{}';
-- The limit of the token that saved a selection.
ALTER TABLE lethe_selections ADD COLUMN limited_to TEXT NOT NULL DEFAULT '{}';
