-- Saved selections behind a name.
SELECT *, NULL AS in_table, NULL AS source
FROM lethe_selections
WHERE saved_at IS NOT NULL AND name > $1
ORDER BY name LIMIT $2
