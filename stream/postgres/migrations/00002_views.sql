-- +goose Up

-- A period is named by its first day, by a month (2026-01) or by an ISO week (2026-W05).
-- +goose StatementBegin
CREATE FUNCTION drumbeat.period_date(period text) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN period ~ '^\d{4}-\d\d-\d\d$' THEN period::date
    WHEN period ~ '^\d{4}-\d\d$' THEN (period || '-01')::date
    WHEN period ~ '^\d{4}-W\d\d$' THEN to_date(period, 'IYYY-"W"IW')
END;
-- +goose StatementEnd

CREATE VIEW drumbeat.all_lines AS
    SELECT site, sku, revision, execution_date, value FROM drumbeat.line_history
    UNION ALL
    SELECT site, sku, revision, execution_date, value FROM drumbeat.line_archive;

CREATE VIEW drumbeat.supply_plans AS
    SELECT l.site, l.revision, l.execution_date, l.sku, drumbeat.period_date(p.period) AS plan_date,
           p.demand AS demand_forecast, p.production AS production_qty, p.inventory AS inventory_level,
           p.safety_stock AS safety_stock_target, p.shortage AS shortage_qty,
           p.period, p.demand_low, p.demand_high, p.opening, p.receipts, p.arrivals, p.shortfall, p.frozen, p.price,
           v.cost, v.reason
    FROM drumbeat.all_lines l
    CROSS JOIN LATERAL json_to_record(l.value) AS v (periods json, cost double precision, reason text)
    CROSS JOIN LATERAL json_to_recordset(v.periods) AS p (period text, demand numeric, demand_low numeric, demand_high numeric,
        opening numeric, receipts numeric, production numeric, arrivals numeric, inventory numeric, safety_stock numeric,
        shortfall numeric, shortage numeric, frozen boolean, price double precision)
    WHERE l.value IS NOT NULL;

-- The plan as it stands: plan_revision and checksum are those of the site's newest head, revision is
-- the one that last changed the line.
CREATE VIEW drumbeat.current_supply_plan AS
    SELECT l.site, l.revision, l.execution_date, l.sku, drumbeat.period_date(p.period) AS plan_date,
           p.demand AS demand_forecast, p.production AS production_qty, p.inventory AS inventory_level,
           p.safety_stock AS safety_stock_target, p.shortage AS shortage_qty,
           p.period, p.demand_low, p.demand_high, p.opening, p.receipts, p.arrivals, p.shortfall, p.frozen, p.price,
           v.cost, v.reason, h.revision AS plan_revision, h.checksum
    FROM drumbeat.lines l
    JOIN (SELECT DISTINCT ON (site) site, revision, checksum FROM drumbeat.plans ORDER BY site, revision DESC) h USING (site)
    CROSS JOIN LATERAL json_to_record(l.value) AS v (periods json, cost double precision, reason text)
    CROSS JOIN LATERAL json_to_recordset(v.periods) AS p (period text, demand numeric, demand_low numeric, demand_high numeric,
        opening numeric, receipts numeric, production numeric, arrivals numeric, inventory numeric, safety_stock numeric,
        shortfall numeric, shortage numeric, frozen boolean, price double precision)
    WHERE l.value IS NOT NULL;

-- What each revision changed. Periods that have passed since the line before are no change of it.
CREATE VIEW drumbeat.plan_changes AS
    SELECT l.site, l.revision, l.execution_date, l.sku, c.period, drumbeat.period_date(c.period) AS plan_date,
           c.production_before, c.production_after
    FROM drumbeat.all_lines l
    LEFT JOIN LATERAL (
        SELECT b.value FROM drumbeat.all_lines b
        WHERE b.site = l.site AND b.sku = l.sku AND b.revision < l.revision
        ORDER BY b.revision DESC LIMIT 1) b ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(n.period, o.period) AS period, o.production AS production_before, n.production AS production_after
        FROM json_to_recordset(l.value -> 'periods') AS n (period text, production numeric)
        FULL JOIN json_to_recordset(b.value -> 'periods') AS o (period text, production numeric) ON o.period = n.period
        WHERE (n.period IS NOT NULL OR l.value IS NULL) AND n.production IS DISTINCT FROM o.production) c;

CREATE VIEW drumbeat.current_demand_forecast AS
    SELECT f.site, f.execution_date, f.sku, f.first_date + (d.n - 1)::integer AS ds,
           d.yhat, d.yhat_lower, d.yhat_upper, f.model AS model_version, f.revision
    FROM drumbeat.forecasts f
    CROSS JOIN LATERAL unnest(f.mean, f.lower, f.upper) WITH ORDINALITY AS d (yhat, yhat_lower, yhat_upper, n);

-- Every forecast within the retention, and the newest of each SKU, however old.
CREATE VIEW drumbeat.demand_forecasts AS
    SELECT f.site, f.execution_date, f.sku, f.first_date + (d.n - 1)::integer AS ds,
           d.yhat, d.yhat_lower, d.yhat_upper, f.model AS model_version, f.revision
    FROM (SELECT * FROM drumbeat.forecast_history
          UNION ALL
          SELECT c.* FROM drumbeat.forecasts c
          WHERE NOT EXISTS (SELECT FROM drumbeat.forecast_history h WHERE h.site = c.site AND h.sku = c.sku
                            AND h.revision = c.revision AND h.execution_date = c.execution_date)) f
    CROSS JOIN LATERAL unnest(f.mean, f.lower, f.upper) WITH ORDINALITY AS d (yhat, yhat_lower, yhat_upper, n);

-- +goose Down
DROP VIEW drumbeat.demand_forecasts, drumbeat.current_demand_forecast, drumbeat.plan_changes,
    drumbeat.current_supply_plan, drumbeat.supply_plans, drumbeat.all_lines;
DROP FUNCTION drumbeat.period_date(text);
