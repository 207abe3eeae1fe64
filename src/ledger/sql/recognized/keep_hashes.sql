-- Keeps hashes of clients; the first time counts. {pairs} are the pairs in $1.
INSERT INTO lethe_recognized (hash, client_key, kept_at)
SELECT p.hash, p.client, $2 FROM {pairs} AS p WHERE TRUE
ON CONFLICT (hash, client_key) DO NOTHING
