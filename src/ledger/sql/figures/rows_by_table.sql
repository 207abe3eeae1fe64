-- How many old rows the sweeps from $1 to $2 have deleted, by table. {tables} are the members of `b.rows_gone` as
-- rows `r`.
SELECT r.key, CAST(sum(CAST(r.value AS BIGINT)) AS BIGINT)
FROM lethe_batches AS b, {tables}
WHERE b.sweep BETWEEN $1 AND $2 AND b.rows_gone IS NOT NULL
GROUP BY r.key
