-- Rows of the outbox that {ids} selects, always in the same order.
SELECT o.id, o.client_key, o.sweep, COALESCE(s.kind, CASE o.outcome WHEN 'rotated' THEN 'key' ELSE 'hold' END) AS kind,
    o.outcome, o.at, o.digest
FROM lethe_outbox AS o
LEFT JOIN lethe_sweeps AS s ON s.id = o.sweep
WHERE o.id IN ({ids})
ORDER BY o.id
