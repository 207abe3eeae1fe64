-- The ledgers of the database.
SELECT number, client_table, folder FROM lethe_ledgers ORDER BY number
