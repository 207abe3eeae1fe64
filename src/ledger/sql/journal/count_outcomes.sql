-- How many outcomes the ledger has.
SELECT count(*) FROM lethe_outcomes
