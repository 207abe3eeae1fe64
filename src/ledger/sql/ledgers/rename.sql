-- Follows a client table that was renamed, unless another ledger has the new name.
UPDATE lethe_ledgers
SET client_table = $2
WHERE number = $1 AND client_table = $3
    AND NOT EXISTS (SELECT 1 FROM lethe_ledgers AS o WHERE o.client_table = $2)
