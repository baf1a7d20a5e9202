-- +goose Up

-- The Kafka cluster whose offsets this database holds: those of another one would mean other records.
CREATE TABLE drumbeat.cluster (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    id     text NOT NULL
);
