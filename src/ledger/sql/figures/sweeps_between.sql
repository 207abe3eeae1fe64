-- The sweeps opened from $1 until before $2, oldest first, each with its outcomes.
SELECT CAST(COALESCE(sum(anonymized), 0) AS BIGINT), CAST(COALESCE(sum(refused), 0) AS BIGINT),
    CAST(COALESCE(sum(already), 0) AS BIGINT), CAST(COALESCE(sum(not_due), 0) AS BIGINT),
    CAST(COALESCE(sum(not_found), 0) AS BIGINT), CAST(COALESCE(sum(failed), 0) AS BIGINT),
    s.*
FROM lethe_sweeps AS s
LEFT JOIN lethe_batches AS b ON b.sweep = s.id
WHERE s.opened_at >= $1 AND s.opened_at < $2
GROUP BY s.id
ORDER BY s.id
