-- +goose Up

-- How accurate the published forecasts of a SKU were over one horizon. The sums are of closed windows, each of
-- which weighs 1-1/26 of the next; they add up over SKUs, the ratios made of them do not.
CREATE TABLE drumbeat.forecast_accuracy (
    site          text COLLATE "C" NOT NULL,
    sku           text COLLATE "C" NOT NULL,
    horizon       text COLLATE "C" NOT NULL, -- 1d, 7d, 28d, or cover: lead time and review period
    horizon_days  integer NOT NULL,
    class         text    NOT NULL,          -- none, count, sparse, continuous
    through_date  date    NOT NULL,          -- last day of the newest window
    windows       bigint  NOT NULL,          -- closed so far
    weight        double precision NOT NULL, -- of the windows
    demand        double precision NOT NULL, -- of the known days, as the forecast beside it
    forecast      double precision NOT NULL,
    abs_error     double precision NOT NULL,
    squared_error double precision NOT NULL,
    naive_error   double precision NOT NULL, -- absolute, of the mean of the 28 days before
    whole_weight  double precision NOT NULL, -- of the windows without an unknown day: those that count below
    covered_80    double precision NOT NULL,
    covered_95    double precision NOT NULL,
    pinball_95    double precision NOT NULL,
    wape          double precision GENERATED ALWAYS AS (abs_error / nullif(demand, 0)) STORED,
    naive_wape    double precision GENERATED ALWAYS AS (naive_error / nullif(demand, 0)) STORED,
    bias          double precision GENERATED ALWAYS AS ((forecast - demand) / nullif(demand, 0)) STORED, -- above 0: too high
    coverage_80   double precision GENERATED ALWAYS AS (covered_80 / nullif(whole_weight, 0)) STORED, -- in the 80 % interval
    coverage_95   double precision GENERATED ALWAYS AS (covered_95 / nullif(whole_weight, 0)) STORED, -- not above the .95 quantile
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, sku, horizon)
) WITH (fillfactor = 90);

-- Which experts carry the forecast of a SKU. models is an array of objects with name, weight, step_error and
-- sum_error, the heaviest first; the errors are those of back-tests.
CREATE TABLE drumbeat.forecast_models (
    site         text COLLATE "C" NOT NULL,
    sku          text COLLATE "C" NOT NULL,
    kind         text    NOT NULL,          -- none, count, sparse, continuous
    through_date date    NOT NULL,          -- last day that the model had learnt
    models       jsonb   NOT NULL,
    step_error   double precision NOT NULL, -- mean absolute ones, of the combination
    sum_error    double precision NOT NULL,
    horizon_days integer NOT NULL,          -- of sum_error
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, sku)
) WITH (fillfactor = 90);

CREATE VIEW drumbeat.forecast_accuracy_by_class AS
    SELECT site, class, horizon, count(*) AS skus, sum(windows) AS windows, max(through_date) AS through_date,
           sum(demand) AS demand, sum(forecast) AS forecast,
           sum(abs_error) / nullif(sum(demand), 0) AS wape, sum(naive_error) / nullif(sum(demand), 0) AS naive_wape,
           (sum(forecast) - sum(demand)) / nullif(sum(demand), 0) AS bias,
           sum(covered_80) / nullif(sum(whole_weight), 0) AS coverage_80,
           sum(covered_95) / nullif(sum(whole_weight), 0) AS coverage_95, max(updated_at) AS updated_at
    FROM drumbeat.forecast_accuracy GROUP BY site, class, horizon;

CREATE VIEW drumbeat.forecast_accuracy_by_site AS
    SELECT site, horizon, count(*) AS skus, sum(windows) AS windows, max(through_date) AS through_date,
           sum(demand) AS demand, sum(forecast) AS forecast,
           sum(abs_error) / nullif(sum(demand), 0) AS wape, sum(naive_error) / nullif(sum(demand), 0) AS naive_wape,
           (sum(forecast) - sum(demand)) / nullif(sum(demand), 0) AS bias,
           sum(covered_80) / nullif(sum(whole_weight), 0) AS coverage_80,
           sum(covered_95) / nullif(sum(whole_weight), 0) AS coverage_95, max(updated_at) AS updated_at
    FROM drumbeat.forecast_accuracy GROUP BY site, horizon;

-- +goose Down
DROP VIEW drumbeat.forecast_accuracy_by_site, drumbeat.forecast_accuracy_by_class;
DROP TABLE drumbeat.forecast_models, drumbeat.forecast_accuracy;
