-- The client table of a ledger.
SELECT client_table FROM lethe_ledgers WHERE number = $1
