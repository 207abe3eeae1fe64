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
GRANT SELECT ON lethe.job_status, lethe.sweep_status TO :"reader";
GRANT SELECT (outcome, reasons, since, last_at, sweep, on_hold) ON lethe.client_status TO :"reader";
COMMIT;
