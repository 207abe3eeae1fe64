-- Records a request.
INSERT INTO lethe_requests (at, asked_by, way, what, needs, allowed, times)
VALUES ($1, $2, $3, $4, $5, $6, $7)
