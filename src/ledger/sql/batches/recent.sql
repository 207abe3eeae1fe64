-- Clients of the last eight batches that took time, and how long they took together.
SELECT CAST(COALESCE(sum(clients), 0) AS BIGINT), CAST(COALESCE(sum(took_ms), 0) AS BIGINT)
FROM (SELECT clients, took_ms FROM lethe_batches WHERE took_ms IS NOT NULL AND clients > 0 ORDER BY id DESC LIMIT 8)
    AS last
