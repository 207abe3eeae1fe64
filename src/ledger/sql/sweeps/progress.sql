-- How far a sweep is: outcomes, clients cut, batches open, done and pausing at $2.
SELECT CAST(COALESCE(sum(anonymized), 0) AS BIGINT), CAST(COALESCE(sum(refused), 0) AS BIGINT),
    CAST(COALESCE(sum(already), 0) AS BIGINT), CAST(COALESCE(sum(not_due), 0) AS BIGINT),
    CAST(COALESCE(sum(not_found), 0) AS BIGINT), CAST(COALESCE(sum(failed), 0) AS BIGINT),
    CAST(COALESCE(sum(clients) FILTER (WHERE state <> 'split'), 0) AS BIGINT),
    count(*) FILTER (WHERE state IN ('ready', 'running')), count(*) FILTER (WHERE state = 'done'),
    count(*) FILTER (WHERE state = 'ready' AND run_at > $2)
FROM lethe_batches
WHERE sweep = $1
