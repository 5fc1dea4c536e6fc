-- What the validation rows of a fold were taken for after the epoch of a report, as JSON: in the first row of the report, NULL where
-- there are no classes, or too many.
ALTER TABLE reports ADD COLUMN confusion TEXT CHECK (confusion IS NULL OR json_type(confusion) = 'object');
