-- Adds the keys that {clients} selects to a selection.
INSERT INTO lethe_selected (selection, client_key)
SELECT CAST($1 AS BIGINT), value FROM ({clients}) AS given WHERE TRUE
ON CONFLICT (selection, client_key) DO NOTHING
