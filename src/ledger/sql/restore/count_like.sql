-- Outcomes of clients whose key is like a pattern.
SELECT count(*) FROM lethe_outcomes WHERE client_key LIKE $1
