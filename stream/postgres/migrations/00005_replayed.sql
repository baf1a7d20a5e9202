-- +goose Up

-- When a dead letter was last sent again, and under which id where it was fixed; null: it waits.
ALTER TABLE drumbeat.dead_letters ADD COLUMN replayed_at timestamptz, ADD COLUMN replayed_as text;

-- +goose Down
ALTER TABLE drumbeat.dead_letters DROP COLUMN replayed_at, DROP COLUMN replayed_as;
