-- A role for the dashboard: it reads how sweeps went, and no client's key. Run
-- it once Lethe has made its tables (`lethe doctor` says so):
--
--     psql --dbname=company --file=reader.sql
--
\set ON_ERROR_STOP on
\if :{?reader}
\else
    \set reader lethe_reader
\endif
SELECT current_database() AS database, count(*) = 0 AS missing FROM pg_roles WHERE rolname = :'reader' \gset
BEGIN;
\if :missing
    -- It has no password: `\password lethe_reader` in psql gives it one.
    CREATE ROLE :"reader" LOGIN;
\endif
GRANT CONNECT ON DATABASE :"database" TO :"reader";
GRANT USAGE ON SCHEMA lethe TO :"reader";
GRANT SELECT (id, job, tick, skipped, kind, state, note, cut, opened_by, opened_at, closed_at) ON lethe.lethe_sweeps TO :"reader";
GRANT SELECT (id, sweep, clients, state, attempts, run_at, lease_until, error, anonymized, refused, already, not_due,
    not_found, failed, reasons, done_at, took_ms) ON lethe.lethe_batches TO :"reader";
GRANT SELECT (sweep, outcome, reasons, at, last_sweep, last_at) ON lethe.lethe_outcomes TO :"reader";
COMMIT;
