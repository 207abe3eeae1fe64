-- Deletes the outcomes under the hashes that were given their clients. {pairs} are the pairs in $1.
DELETE FROM lethe_outcomes WHERE client_key IN (SELECT hash FROM {pairs} AS p)
