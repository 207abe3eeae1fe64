-- Notes what a root looks like now.
INSERT INTO lethe_roots (name, mark, location, seen_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET mark = excluded.mark, location = excluded.location, seen_at = excluded.seen_at
