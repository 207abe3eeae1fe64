-- Whether a client is on hold.
SELECT count(*) > 0 FROM lethe_holds WHERE client_key = $1 AND released_at IS NULL
