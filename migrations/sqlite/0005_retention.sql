-- Old rows that were deleted, in sweeps of the kind `retention`. JSON: table -> rows.
ALTER TABLE lethe_batches ADD COLUMN rows_gone TEXT;
