-- All tokens, those in force first.
SELECT * FROM lethe_tokens ORDER BY (revoked_at IS NOT NULL), name, id
