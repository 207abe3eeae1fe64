-- How long a batch took, in milliseconds, so that the next ones take as long as they should.
ALTER TABLE lethe_batches ADD COLUMN took_ms BIGINT;
