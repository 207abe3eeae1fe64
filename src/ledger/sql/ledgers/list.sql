-- Lists a ledger, unless one of its number or client table is listed.
INSERT INTO lethe_ledgers (number, client_table, folder) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
