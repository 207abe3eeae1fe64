-- The ledgers of this database, listed in the first one: each is of the clients of one table.
CREATE TABLE lethe_ledgers (
    number       BIGINT PRIMARY KEY,        -- the first has the plain names; others have their number in them: lethe_2_sweeps
    client_table TEXT NOT NULL UNIQUE,      -- as the database spells it
    folder       TEXT NOT NULL              -- of its journal, in the configured location; empty for the first
);
INSERT INTO lethe_ledgers (number, client_table, folder)
SELECT 1, client_table, '' FROM lethe_sweeps WHERE client_table IS NOT NULL ORDER BY id DESC LIMIT 1;
