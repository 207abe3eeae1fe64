-- For dashboards that read the database: what these views give is a contract,
-- while the tables behind them may change. docs/operations.md has their columns.
-- In a schema of their own name they go by `lethe.job_status` and so on; in any
-- other the prefix tells them from the company's.
CREATE VIEW lethe_sweep_status AS
SELECT s.id AS sweep, s.job, s.tick, s.skipped, s.kind, s.state, s.note, s.today AS day, s.opened_by, s.opened_at, s.closed_at,
    CAST(COALESCE(sum(b.anonymized), 0) AS BIGINT) AS anonymized,
    CAST(COALESCE(sum(b.refused), 0) AS BIGINT) AS refused,
    CAST(COALESCE(sum(b.already), 0) AS BIGINT) AS already,
    CAST(COALESCE(sum(b.not_due), 0) AS BIGINT) AS not_due,
    CAST(COALESCE(sum(b.not_found), 0) AS BIGINT) AS not_found,
    CAST(COALESCE(sum(b.failed), 0) AS BIGINT) AS failed,
    count(*) FILTER (WHERE b.state IN ('ready', 'running')) AS open_batches,
    min(b.run_at) FILTER (WHERE b.state = 'ready') AS waiting_since,
    CAST(avg(b.took_ms) AS BIGINT) AS mean_batch_ms,
    max(b.took_ms) AS slowest_batch_ms
FROM lethe_sweeps AS s LEFT JOIN lethe_batches AS b ON b.sweep = s.id
GROUP BY s.id, s.job, s.tick, s.skipped, s.kind, s.state, s.note, s.today, s.opened_by, s.opened_at, s.closed_at;

CREATE VIEW lethe_job_status AS
SELECT l.job, l.sweep AS last_sweep, l.kind, l.state, l.note, l.opened_at, l.closed_at,
    (SELECT max(d.closed_at) FROM lethe_sweeps AS d WHERE d.job = l.job AND d.state = 'done') AS done_at,
    l.anonymized, l.refused, l.failed
FROM lethe_sweep_status AS l
WHERE l.sweep IN (SELECT max(id) FROM lethe_sweeps WHERE job IS NOT NULL GROUP BY job);

CREATE VIEW lethe_client_status AS
SELECT o.client_key, o.outcome, o.reasons, o.at AS since, o.last_at, o.last_sweep AS sweep,
    CAST(EXISTS (SELECT 1 FROM lethe_holds AS h WHERE h.client_key = o.client_key AND h.released_at IS NULL) AS INTEGER) AS on_hold
FROM lethe_outcomes AS o
WHERE o.sweep = (SELECT max(l.sweep) FROM lethe_outcomes AS l WHERE l.client_key = o.client_key);

DO $$
BEGIN
    IF current_schema() = 'lethe' AND to_regclass('job_status') IS NULL THEN
        ALTER VIEW lethe_job_status RENAME TO job_status;
        ALTER VIEW lethe_sweep_status RENAME TO sweep_status;
        ALTER VIEW lethe_client_status RENAME TO client_status;
    END IF;
END $$;
