-- +goose Up

-- Models are pages of three to nine kB, and all of them are read at once: they stay in the row, not cut into pieces of
-- 2 kB in a table beside it, which takes two to four times as long to read.
ALTER TABLE drumbeat.pages SET (toast_tuple_target = 8160);

-- +goose Down
ALTER TABLE drumbeat.pages RESET (toast_tuple_target);
