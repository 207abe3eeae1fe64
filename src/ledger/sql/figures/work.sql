-- What is done by all sweeps, and what is to be done.
SELECT CAST(COALESCE(sum(anonymized), 0) AS BIGINT), CAST(COALESCE(sum(refused), 0) AS BIGINT),
    CAST(COALESCE(sum(already), 0) AS BIGINT), CAST(COALESCE(sum(not_due), 0) AS BIGINT),
    CAST(COALESCE(sum(not_found), 0) AS BIGINT), CAST(COALESCE(sum(failed), 0) AS BIGINT),
    count(*) FILTER (WHERE state IN ('ready', 'running')),
    min(CASE WHEN state = 'ready' AND run_at <= $1 THEN run_at END)
FROM lethe_batches
