-- Begins a journal, unless there is one.
INSERT INTO lethe_journal (id, hash, ledger, database, key_mark)
VALUES (1, $1, $2, $3, $4)
ON CONFLICT (id) DO NOTHING
