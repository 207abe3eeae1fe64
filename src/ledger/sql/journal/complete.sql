-- Notes who keeps a journal that version 0.1 began.
UPDATE lethe_journal SET ledger = $1, database = $2, key_mark = $3 WHERE ledger IS NULL
