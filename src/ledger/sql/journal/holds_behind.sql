-- The next holds, by number.
SELECT id, client_key, placed_at, released_at FROM lethe_holds WHERE id > $1 ORDER BY id LIMIT $2
