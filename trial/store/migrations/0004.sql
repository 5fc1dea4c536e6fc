-- What keeping the activations of frozen blocks brought in the epoch of a report: in the first row of the report, NULL where nothing
-- was kept.
ALTER TABLE reports ADD COLUMN cache_hits INTEGER CHECK (cache_hits >= 0);
ALTER TABLE reports ADD COLUMN cache_misses INTEGER
  CHECK ((cache_misses IS NULL) = (cache_hits IS NULL) AND coalesce(cache_misses, 0) >= 0);
ALTER TABLE reports ADD COLUMN cache_saved REAL -- seconds
  CHECK ((cache_saved IS NULL) = (cache_hits IS NULL) AND coalesce(cache_saved, 0) >= 0);
