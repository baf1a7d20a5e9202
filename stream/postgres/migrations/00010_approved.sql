-- +goose Up

-- What is released to start, for purchasing and the shop floor: see `approved` in heads and lines.
CREATE VIEW drumbeat.approved_production AS
    SELECT l.site, l.sku, p.period, drumbeat.period_date(p.period) AS plan_date, p.approved AS quantity, p.production AS planned_qty,
           h.approved_revision, h.through, h.approved_by, h.approved_at, h.revision AS plan_revision
    FROM drumbeat.lines l
    JOIN (SELECT DISTINCT ON (site) site, revision, (head #>> '{approved,revision}')::bigint AS approved_revision,
                 head #>> '{approved,through}' AS through, head #>> '{approved,by}' AS approved_by,
                 (head #>> '{approved,at}')::timestamptz AS approved_at
          FROM drumbeat.plans ORDER BY site, revision DESC) h USING (site)
    CROSS JOIN LATERAL json_to_recordset(l.value -> 'periods') AS p (period text, production numeric, approved numeric)
    WHERE l.value IS NOT NULL AND p.approved > 0;

-- +goose Down
DROP VIEW drumbeat.approved_production;
