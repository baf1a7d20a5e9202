-- Run at the end of every migration, so that roles made later get their rights as well. Someone who
-- may neither create roles nor own by them runs the service as the tables' owner instead.
DO $$
DECLARE
    o        record;
    role     text;
    may_own  boolean;
    owned_by name;
BEGIN
    FOREACH role IN ARRAY ARRAY['drumbeat_owner', 'drumbeat_writer', 'drumbeat_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE NOTICE 'drumbeat: role % is missing and may not be created', role;
                WHEN duplicate_object OR unique_violation THEN
                    NULL; -- made at the same moment by the migration of another database
            END;
        END IF;
    END LOOP;

    SELECT coalesce((SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = 'drumbeat_owner'), false) INTO may_own;
    IF may_own THEN
        SELECT nspowner::regrole::name INTO owned_by FROM pg_namespace WHERE nspname = 'drumbeat';
        IF owned_by <> 'drumbeat_owner' THEN
            BEGIN
                ALTER SCHEMA drumbeat OWNER TO drumbeat_owner;
            EXCEPTION WHEN insufficient_privilege THEN
                may_own := false; -- for example without CREATE on the database
            END;
        END IF;
    END IF;
    IF may_own THEN
        FOR o IN
            SELECT format('ALTER %s %s OWNER TO drumbeat_owner',
                          CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass) AS statement
            FROM pg_class c
            WHERE c.relnamespace = 'drumbeat'::regnamespace AND c.relkind IN ('r', 'p', 'v')
              AND c.relowner <> 'drumbeat_owner'::regrole
            UNION ALL
            SELECT format('ALTER FUNCTION %s OWNER TO drumbeat_owner', p.oid::regprocedure)
            FROM pg_proc p
            WHERE p.pronamespace = 'drumbeat'::regnamespace AND p.proowner <> 'drumbeat_owner'::regrole
        LOOP
            EXECUTE o.statement;
        END LOOP;
    END IF;

    REVOKE ALL ON FUNCTION drumbeat.ensure_day(date), drumbeat.expire(date) FROM PUBLIC;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'drumbeat_writer') THEN
        GRANT USAGE ON SCHEMA drumbeat TO drumbeat_writer;
        GRANT SELECT ON ALL TABLES IN SCHEMA drumbeat TO drumbeat_writer;
        GRANT INSERT, UPDATE, DELETE ON drumbeat.partitions, drumbeat.sites, drumbeat.skus, drumbeat.pages,
            drumbeat.sales_transactions, drumbeat.forecasts, drumbeat.forecast_history, drumbeat.lines, drumbeat.line_history,
            drumbeat.forecast_accuracy, drumbeat.forecast_models,
            drumbeat.plans, drumbeat.problems, drumbeat.audit, drumbeat.dead_letters, drumbeat.outbox TO drumbeat_writer;
        GRANT INSERT ON drumbeat.cluster TO drumbeat_writer;
        GRANT EXECUTE ON FUNCTION drumbeat.ensure_day(date), drumbeat.expire(date) TO drumbeat_writer;
        BEGIN
            EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO drumbeat_writer', current_database());
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'drumbeat: TEMPORARY on the database is for its owner to grant; by default everyone has it';
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'drumbeat_reader') THEN
        GRANT USAGE ON SCHEMA drumbeat TO drumbeat_reader;
        GRANT SELECT ON drumbeat.sales_transactions, drumbeat.demand_forecasts, drumbeat.supply_plans, drumbeat.plans,
            drumbeat.dead_letters, drumbeat.audit, drumbeat.current_supply_plan, drumbeat.current_demand_forecast,
            drumbeat.plan_changes, drumbeat.approved_production, drumbeat.lines, drumbeat.all_lines, drumbeat.problems, drumbeat.forecasts,
            drumbeat.forecast_accuracy, drumbeat.forecast_models, drumbeat.forecast_accuracy_by_site,
            drumbeat.forecast_accuracy_by_class TO drumbeat_reader;
        GRANT SELECT (site, partition) ON drumbeat.sites TO drumbeat_reader;
    END IF;
END
$$;
