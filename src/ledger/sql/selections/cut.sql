-- Cuts a saved selection into batches of $3 clients, as it is now. {keys} joins the keys of a batch to a JSON array.
INSERT INTO lethe_batches (sweep, keys, clients, state, run_at)
SELECT CAST($1 AS BIGINT), {keys}, count(*), 'ready', CAST($4 AS TEXT)
FROM (
    SELECT client_key, (row_number() OVER (ORDER BY client_key) - 1) / $3 AS part
    FROM lethe_selected
    WHERE selection = (SELECT id FROM lethe_selections WHERE id = $2 AND saved_at IS NOT NULL)
) AS own
GROUP BY part
ORDER BY part
