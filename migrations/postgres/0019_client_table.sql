-- The table whose clients a sweep was about, as the policy names it: a key belongs to a client of that table.
ALTER TABLE lethe_sweeps ADD COLUMN client_table TEXT;
