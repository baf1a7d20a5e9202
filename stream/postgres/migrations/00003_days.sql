-- +goose Up

-- Both functions run with the rights of their owner: a writer needs new days and has to let old ones
-- go, but may not create or drop anything else.

-- ensure_day makes the partitions of one day. Attaching a finished table does not wait for readers or
-- writers of the parent, as CREATE TABLE … PARTITION OF would.
-- +goose StatementBegin
CREATE FUNCTION drumbeat.ensure_day(day date) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parent text;
    child  text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['line_history', 'forecast_history'] LOOP
        child := parent || '_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('drumbeat.' || child) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtext('drumbeat.days'));
        -- to_regclass may still answer from its cache what held before the wait for the lock.
        CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = 'drumbeat'::regnamespace AND relname = child);
        EXECUTE format('CREATE TABLE drumbeat.%I (LIKE drumbeat.%I INCLUDING ALL)', child, parent);
        EXECUTE format('ALTER TABLE drumbeat.%I ATTACH PARTITION drumbeat.%I FOR VALUES FROM (%L) TO (%L)',
            parent, child, day, day + 1);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- expire drops the days before cutoff and returns how many tables that were. What is still to be
-- published stays, and so does the newest day of all. Of the lines that go, those move to the archive
-- that some plan still shows: the plan as it was when the kept days begin, and every baseline. A line
-- shows in the plans from its own revision up to the one before the SKU's next line.
-- +goose StatementBegin
CREATE FUNCTION drumbeat.expire(cutoff date) RETURNS integer LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    child   regclass;
    dropped integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('drumbeat.days'));
    SELECT least(cutoff, max(execution_date)) INTO cutoff FROM drumbeat.plans;
    SELECT least(cutoff, min(p.execution_date)) INTO cutoff
        FROM drumbeat.outbox o JOIN drumbeat.plans p USING (site, revision);

    IF EXISTS (SELECT FROM drumbeat.line_history WHERE execution_date < cutoff) THEN
        CREATE TEMPORARY TABLE kept_lines ON COMMIT DROP AS
            WITH kept AS (
                SELECT site, revision FROM drumbeat.plans WHERE baseline
                UNION
                SELECT site, max(revision) FROM drumbeat.plans WHERE execution_date < cutoff GROUP BY site
            ), old AS (
                SELECT site, sku, revision, execution_date,
                       lead(revision) OVER (PARTITION BY site, sku ORDER BY revision) AS next
                FROM drumbeat.all_lines
            )
            SELECT site, sku, revision, execution_date FROM old
            WHERE execution_date < cutoff
              AND EXISTS (SELECT FROM kept WHERE kept.site = old.site AND kept.revision >= old.revision
                          AND (old.next IS NULL OR kept.revision < old.next));
        DELETE FROM drumbeat.line_archive a
            WHERE NOT EXISTS (SELECT FROM pg_temp.kept_lines k
                              WHERE (k.site, k.sku, k.revision, k.execution_date) = (a.site, a.sku, a.revision, a.execution_date));
        INSERT INTO drumbeat.line_archive
            SELECT h.site, h.sku, h.revision, h.execution_date, h.value
            FROM drumbeat.line_history h JOIN pg_temp.kept_lines USING (site, sku, revision, execution_date)
            WHERE h.execution_date < cutoff;
        DROP TABLE pg_temp.kept_lines;
    END IF;

    FOR child IN
        -- Materialized: other tables' names, which are no dates, must not reach to_date.
        WITH days AS MATERIALIZED (
            SELECT c.oid, c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent IN ('drumbeat.line_history'::regclass, 'drumbeat.forecast_history'::regclass)
        )
        SELECT oid FROM days WHERE to_date(right(relname, 8), 'YYYYMMDD') < cutoff ORDER BY relname
    LOOP
        EXECUTE format('DROP TABLE %s', child);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION drumbeat.expire(date);
DROP FUNCTION drumbeat.ensure_day(date);
