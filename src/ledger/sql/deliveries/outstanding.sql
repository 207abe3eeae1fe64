-- What is not through, by sweep and target; NULL is all sweeps.
SELECT sweep, kind, target,
    CAST(sum(CASE state WHEN 'failed' THEN 0 ELSE 1 END) AS BIGINT) AS open,
    CAST(sum(CASE state WHEN 'failed' THEN 1 ELSE 0 END) AS BIGINT) AS failed,
    min(made_at) AS since, max(error) AS error
FROM lethe_deliveries
WHERE sweep = COALESCE($1, sweep)
GROUP BY sweep, kind, target
ORDER BY sweep, kind, target
