-- Notes that the clients that {clients} selects have had their notice. The first time counts.
UPDATE lethe_notices
SET sent_at = $2, until = $3
WHERE ended_at IS NULL AND until IS NULL AND client_key IN ({clients})
