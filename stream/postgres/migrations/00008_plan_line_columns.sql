-- +goose Up

-- What of a SKU went out beyond its believed stock since the newest count (of the line, in all of its rows), and
-- what of the receipts was due before the plan's day (in the first period).

CREATE OR REPLACE VIEW drumbeat.supply_plans AS
    SELECT l.site, l.revision, l.execution_date, l.sku, drumbeat.period_date(p.period) AS plan_date,
           p.demand AS demand_forecast, p.production AS production_qty, p.inventory AS inventory_level,
           p.safety_stock AS safety_stock_target, p.shortage AS shortage_qty,
           p.period, p.demand_low, p.demand_high, p.opening, p.receipts, p.arrivals, p.shortfall, p.frozen, p.price,
           v.cost, v.reason, coalesce(v.found, 0) AS found, coalesce(p.overdue, 0) AS overdue
    FROM drumbeat.all_lines l
    CROSS JOIN LATERAL json_to_record(l.value) AS v (periods json, cost double precision, reason text, found numeric)
    CROSS JOIN LATERAL json_to_recordset(v.periods) AS p (period text, demand numeric, demand_low numeric, demand_high numeric,
        opening numeric, receipts numeric, production numeric, arrivals numeric, inventory numeric, safety_stock numeric,
        shortfall numeric, shortage numeric, frozen boolean, price double precision, overdue numeric)
    WHERE l.value IS NOT NULL;

CREATE OR REPLACE VIEW drumbeat.current_supply_plan AS
    SELECT l.site, l.revision, l.execution_date, l.sku, drumbeat.period_date(p.period) AS plan_date,
           p.demand AS demand_forecast, p.production AS production_qty, p.inventory AS inventory_level,
           p.safety_stock AS safety_stock_target, p.shortage AS shortage_qty,
           p.period, p.demand_low, p.demand_high, p.opening, p.receipts, p.arrivals, p.shortfall, p.frozen, p.price,
           v.cost, v.reason, h.revision AS plan_revision, h.checksum, coalesce(v.found, 0) AS found, coalesce(p.overdue, 0) AS overdue
    FROM drumbeat.lines l
    JOIN (SELECT DISTINCT ON (site) site, revision, checksum FROM drumbeat.plans ORDER BY site, revision DESC) h USING (site)
    CROSS JOIN LATERAL json_to_record(l.value) AS v (periods json, cost double precision, reason text, found numeric)
    CROSS JOIN LATERAL json_to_recordset(v.periods) AS p (period text, demand numeric, demand_low numeric, demand_high numeric,
        opening numeric, receipts numeric, production numeric, arrivals numeric, inventory numeric, safety_stock numeric,
        shortfall numeric, shortage numeric, frozen boolean, price double precision, overdue numeric)
    WHERE l.value IS NOT NULL;
