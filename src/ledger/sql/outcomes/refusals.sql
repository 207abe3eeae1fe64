-- How many clients a sweep refused for each reason. {reasons} are the members of `b.reasons` as rows `r`.
SELECT r.key, CAST(sum(CAST(r.value AS BIGINT)) AS BIGINT)
FROM lethe_batches AS b, {reasons}
WHERE b.sweep = $1
GROUP BY r.key
