-- Whether a batch of a sweep is leased at $2, or was over after $3.
SELECT count(*) > 0 FROM lethe_batches WHERE sweep = $1 AND (lease_until > $2 OR done_at > $3)
