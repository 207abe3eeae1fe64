-- Notes who was recognized; a confirmation is of one former client. {pairs} are the pairs in $1.
INSERT INTO lethe_returned (client_key, former_key, found_at)
SELECT p.client, p.hash, $2 FROM {pairs} AS p WHERE TRUE
ON CONFLICT (client_key) DO UPDATE
SET found_at = excluded.found_at, former_key = excluded.former_key,
    confirmed_by = CASE WHEN lethe_returned.former_key = excluded.former_key THEN lethe_returned.confirmed_by END,
    confirmed_at = CASE WHEN lethe_returned.former_key = excluded.former_key THEN lethe_returned.confirmed_at END
