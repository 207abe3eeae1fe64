-- When the first and the last batch of a sweep was done.
SELECT min(done_at), max(done_at) FROM lethe_batches WHERE sweep = $1 AND state = 'done'
