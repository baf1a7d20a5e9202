-- +goose Up
-- The log offset after the newest record that changed a row of a day before the kept history. Such a row holds
-- more than the saved state does, so it is added to, and a batch that is saved twice must not add twice.
ALTER TABLE drumbeat.sales_transactions ADD COLUMN added_until bigint;

-- +goose Down
ALTER TABLE drumbeat.sales_transactions DROP COLUMN added_until;
