-- The version of the ledger's tables.
SELECT max(version) FROM lethe_migrations
