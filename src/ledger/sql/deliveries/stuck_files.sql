-- Files and folders that were abandoned; of one client ($2) with their paths.
SELECT client_key, kind, target, sweep, error, CASE WHEN client_key = $2 THEN {path} END AS path
FROM lethe_deliveries
WHERE state = 'failed' AND client_key = COALESCE($2, client_key)
ORDER BY client_key, id LIMIT $1
