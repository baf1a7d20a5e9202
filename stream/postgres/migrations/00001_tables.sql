-- +goose Up

-- Names are compared byte by byte everywhere: the order of SKUs is part of a plan's checksum.

CREATE TABLE drumbeat.partitions (
    partition   integer PRIMARY KEY,
    epoch       bigint  NOT NULL,
    next_offset bigint,                     -- null until the first save
    state       bytea,
    sent_seq    bigint  NOT NULL DEFAULT -1 -- outbox entries up to here have been published
);

CREATE TABLE drumbeat.sites (
    site               text COLLATE "C" PRIMARY KEY,
    partition          integer NOT NULL,    -- the claim; never changes
    state              bytea   NOT NULL,
    read_back_offset   bigint  NOT NULL DEFAULT -1,
    read_back_revision bigint  NOT NULL DEFAULT 0
);
ALTER TABLE drumbeat.sites ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX ON drumbeat.sites (partition);

-- States stay in the row, uncompressed: they are packed already, and a trip to the TOAST table doubles
-- the time of a save. Free space on each page lets an update stay on it (HOT).
CREATE TABLE drumbeat.skus (
    site  text COLLATE "C" NOT NULL,
    sku   text COLLATE "C" NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (site, sku)
) WITH (fillfactor = 80, toast_tuple_target = 8160);
ALTER TABLE drumbeat.skus ALTER COLUMN state SET STORAGE EXTERNAL;

CREATE TABLE drumbeat.pages (
    site   text COLLATE "C" NOT NULL,
    kind   smallint NOT NULL,
    number bigint   NOT NULL,
    data   bytea    NOT NULL,
    PRIMARY KEY (site, kind, number)
);
ALTER TABLE drumbeat.pages ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE drumbeat.sales_transactions (
    site       text COLLATE "C" NOT NULL,
    date       date NOT NULL,
    sku        text COLLATE "C" NOT NULL,
    qty        numeric NOT NULL,
    is_outlier boolean NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    held_qty   numeric NOT NULL,
    reason     text NOT NULL,
    score      double precision NOT NULL,
    PRIMARY KEY (site, sku, date)
) WITH (fillfactor = 90);

-- A row is the daily forecast of one SKU from first_date on.
CREATE TABLE drumbeat.forecasts (
    site           text COLLATE "C" NOT NULL,
    sku            text COLLATE "C" NOT NULL,
    revision       bigint NOT NULL,
    execution_date date   NOT NULL,
    first_date     date   NOT NULL,
    mean           real[] NOT NULL,
    lower          real[] NOT NULL,
    upper          real[] NOT NULL,
    model          text   NOT NULL,
    PRIMARY KEY (site, sku)
);
CREATE TABLE drumbeat.forecast_history (
    site           text COLLATE "C" NOT NULL,
    sku            text COLLATE "C" NOT NULL,
    revision       bigint NOT NULL,
    execution_date date   NOT NULL,
    first_date     date   NOT NULL,
    mean           real[] NOT NULL,
    lower          real[] NOT NULL,
    upper          real[] NOT NULL,
    model          text   NOT NULL,
    PRIMARY KEY (site, sku, revision, execution_date)
) PARTITION BY RANGE (execution_date);

-- The newest line of every SKU, in the very bytes that were published (json keeps its text); null:
-- the SKU has left the plan.
CREATE TABLE drumbeat.lines (
    site           text COLLATE "C" NOT NULL,
    sku            text COLLATE "C" NOT NULL,
    revision       bigint NOT NULL,
    execution_date date   NOT NULL,
    value          json,
    PRIMARY KEY (site, sku)
);
CREATE TABLE drumbeat.line_history (
    site           text COLLATE "C" NOT NULL,
    sku            text COLLATE "C" NOT NULL,
    revision       bigint NOT NULL,
    execution_date date   NOT NULL,
    value          json,
    PRIMARY KEY (site, sku, revision, execution_date)
) PARTITION BY RANGE (execution_date);
CREATE INDEX ON drumbeat.line_history (site, revision);
-- Lines that outlive their day: see drumbeat.expire.
CREATE TABLE drumbeat.line_archive (
    site           text COLLATE "C" NOT NULL,
    sku            text COLLATE "C" NOT NULL,
    revision       bigint NOT NULL,
    execution_date date   NOT NULL,
    value          json,
    PRIMARY KEY (site, sku, revision, execution_date)
);

CREATE TABLE drumbeat.plans (
    site           text COLLATE "C" NOT NULL,
    revision       bigint NOT NULL,
    plan_id        text   NOT NULL GENERATED ALWAYS AS (site || ':' || revision::text) STORED,
    status         text   NOT NULL,
    created_at     timestamptz NOT NULL,
    execution_date date   NOT NULL,
    total_cost     double precision,
    checksum       text,
    baseline       boolean NOT NULL,
    head           json   NOT NULL,
    PRIMARY KEY (site, revision)
);

CREATE TABLE drumbeat.problems (
    site           text COLLATE "C" NOT NULL,
    revision       bigint NOT NULL,
    execution_date date   NOT NULL,
    problem        bytea  NOT NULL,
    start          bytea,
    PRIMARY KEY (site, revision)
);
ALTER TABLE drumbeat.problems ALTER COLUMN problem SET STORAGE EXTERNAL;
ALTER TABLE drumbeat.problems ALTER COLUMN start SET STORAGE EXTERNAL;

-- The counters of an origin as the owner of a partition has them: read = kept + flagged + rejected +
-- duplicate. A site has rows of another partition only for records that came to the wrong one.
CREATE TABLE drumbeat.audit (
    site             text COLLATE "C" NOT NULL,
    origin_topic     text COLLATE "C" NOT NULL,
    origin_partition integer NOT NULL,
    partition        integer NOT NULL,
    read             bigint NOT NULL,
    kept             bigint NOT NULL,
    flagged          bigint NOT NULL,
    rejected         bigint NOT NULL,
    duplicate        bigint NOT NULL,
    repaired         bigint NOT NULL,
    reasons          jsonb  NOT NULL,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, origin_topic, origin_partition, partition)
);

CREATE TABLE drumbeat.dead_letters (
    site             text COLLATE "C" NOT NULL,
    origin_topic     text COLLATE "C" NOT NULL,
    origin_partition integer NOT NULL,
    origin_offset    bigint  NOT NULL,
    reason           text    NOT NULL,
    detail           text    NOT NULL,
    rejected_at      timestamptz NOT NULL,
    key              bytea,
    value            bytea,
    header_keys      bytea[] NOT NULL,
    header_values    bytea[] NOT NULL,
    PRIMARY KEY (origin_topic, origin_partition, origin_offset)
);
CREATE INDEX ON drumbeat.dead_letters (rejected_at);

CREATE TABLE drumbeat.outbox (
    partition        integer NOT NULL,
    seq              bigint  NOT NULL,
    site             text COLLATE "C" NOT NULL,
    revision         bigint  NOT NULL, -- 0: the dead letter of the origin
    origin_topic     text COLLATE "C" NOT NULL,
    origin_partition integer NOT NULL,
    origin_offset    bigint  NOT NULL,
    PRIMARY KEY (partition, seq)
);

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
        FOREACH t IN ARRAY ARRAY['lines', 'line_history', 'line_archive'] LOOP
            EXECUTE format('ALTER TABLE drumbeat.%I ALTER COLUMN value SET COMPRESSION lz4', t);
        END LOOP;
        ALTER TABLE drumbeat.plans ALTER COLUMN head SET COMPRESSION lz4;
    END IF;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP TABLE drumbeat.outbox, drumbeat.dead_letters, drumbeat.audit, drumbeat.problems, drumbeat.plans,
    drumbeat.line_archive, drumbeat.line_history, drumbeat.lines, drumbeat.forecast_history, drumbeat.forecasts,
    drumbeat.sales_transactions, drumbeat.pages, drumbeat.skus, drumbeat.sites, drumbeat.partitions;
