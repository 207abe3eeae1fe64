-- The next outcomes, by client and sweep.
SELECT client_key, sweep, outcome, at
FROM lethe_outcomes
WHERE (client_key, sweep) > ($1, $2)
ORDER BY client_key, sweep LIMIT $3
