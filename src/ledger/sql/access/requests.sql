-- What was requested, the last first.
SELECT at, asked_by, way, what, needs, allowed, times FROM lethe_requests ORDER BY id DESC LIMIT $1
