-- Deletes deliveries that a person has seen to: abandoned ones, and of some kinds ($3) also waiting ones; of one
-- client, to one target, or both.
DELETE FROM lethe_deliveries
WHERE (state = 'failed' OR state = 'open' AND kind IN ({kinds}))
    AND ($1 IS NULL OR client_key = $1) AND ($2 IS NULL OR target = $2)
