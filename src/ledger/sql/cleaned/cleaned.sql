-- The columns that were emptied for a client, oldest first.
SELECT name, changed, cleaned_by, cleaned_at FROM lethe_cleaned WHERE client_key = $1 ORDER BY id
