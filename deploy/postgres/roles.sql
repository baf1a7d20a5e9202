-- Logins for an installation where the service is not the owner of its tables; run once, by psql, as a superuser
-- (or a role with CREATEROLE that owns the database), in the database of Drumbeat:
--
--   export DRUMBEAT_OWNER_PASSWORD=… DRUMBEAT_WRITER_PASSWORD=… DRUMBEAT_READER_PASSWORD=…
--   psql "$ADMIN_DSN" --set ON_ERROR_STOP=1 --file deploy/postgres/roles.sql
--
--   drumbeat_migrate  owns the schema: drumbeat migrate, at every release
--   drumbeat_service  reads and writes, cannot change or drop tables: drumbeat serve
--   drumbeat_report   reads the tables and views for readers
--
-- What each role may do is granted by drumbeat migrate, which knows the tables. May be run again: it sets the
-- passwords anew. A variable that is not set leaves its login without a password.
\getenv owner_password DRUMBEAT_OWNER_PASSWORD
\getenv writer_password DRUMBEAT_WRITER_PASSWORD
\getenv reader_password DRUMBEAT_READER_PASSWORD

SELECT format('CREATE ROLE %I NOLOGIN', name)
FROM unnest(ARRAY['drumbeat_owner', 'drumbeat_writer', 'drumbeat_reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', login, role)
FROM (VALUES ('drumbeat_migrate', 'drumbeat_owner'), ('drumbeat_service', 'drumbeat_writer'), ('drumbeat_report', 'drumbeat_reader'))
    AS wanted (login, role)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) \gexec

\if :{?owner_password}
ALTER ROLE drumbeat_migrate PASSWORD :'owner_password';
\endif
\if :{?writer_password}
ALTER ROLE drumbeat_service PASSWORD :'writer_password';
\endif
\if :{?reader_password}
ALTER ROLE drumbeat_report PASSWORD :'reader_password';
\endif

SELECT format('GRANT CREATE ON DATABASE %I TO drumbeat_owner', current_database()) \gexec
SELECT format('GRANT TEMPORARY ON DATABASE %I TO drumbeat_writer', current_database()) \gexec
