-- A role for Lethe with the least rights that work. A superuser runs it once in
-- the company's database, and it may be run again:
--
--     psql --dbname=company --file=role.sql
--     psql --dbname=company --set=role=lethe_test --set=ledger=lethe_test --file=role.sql
--
\set ON_ERROR_STOP on
\if :{?role}
\else
    \set role lethe
\endif
\if :{?ledger}
\else
    \set ledger lethe
\endif
SELECT current_database() AS database, count(*) = 0 AS missing FROM pg_roles WHERE rolname = :'role' \gset
BEGIN;

-- 1. What every policy needs.

\if :missing
    -- It has no password: `\password lethe` in psql gives it one.
    CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
\endif
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"role";
-- The ledger is its own, since later versions of Lethe add to its tables.
CREATE SCHEMA IF NOT EXISTS :"ledger" AUTHORIZATION :"role";
-- And each other schema in which the policy names a table.
GRANT USAGE ON SCHEMA public TO :"role";

-- While a batch is verified, no other session may write to the tables that decide, which takes a right to whole tables. This
-- function gives it for that alone, until the transaction ends, and for tables that the role may read.
CREATE OR REPLACE FUNCTION :"ledger".lethe_lock(own regclass) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT has_any_column_privilege(session_user, own, 'SELECT') OR EXISTS (SELECT 1 FROM pg_class AS c
        WHERE c.oid = own AND (c.relkind NOT IN ('r', 'p') OR c.relnamespace = 'pg_catalog'::regnamespace)) THEN
        RAISE insufficient_privilege USING MESSAGE = format('%s is not a table that Lethe locks', own);
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE MODE', own);
END $$;
REVOKE ALL ON FUNCTION :"ledger".lethe_lock(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION :"ledger".lethe_lock(regclass) TO :"role";

-- 2. What your policy needs, a line for each table that it names. `lethe doctor`
--    prints every line that is missing here, and every right that is too many.

-- Columns that are changed. The client table's rows are locked, for which UPDATE on any one column is enough.
-- GRANT SELECT, UPDATE (name, email, anonymized, anonymized_on) ON public.customers TO :"role";

-- Rows that are deleted.
-- GRANT SELECT, DELETE ON public.addresses TO :"role";

-- Rows that are only read: guards, activity, and ways to a client.
-- GRANT SELECT ON public.orders TO :"role";

-- Where row-level security is on for one of these tables, as what it hides would stay.
-- ALTER ROLE :"role" BYPASSRLS;

-- A trigger writes with the rights of whoever set it off, unless its function is SECURITY DEFINER.
-- GRANT INSERT ON public.customer_audit TO :"role";

COMMIT;
