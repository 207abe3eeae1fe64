-- Whether there is anything for `end_old.sql` or `end_dead_imports.sql`.
SELECT
    EXISTS (
        SELECT 1 FROM lethe_reviews
        WHERE state = 'waiting' AND made_at < $1 OR state = 'making' AND alive_at < $2
    )
    OR EXISTS (SELECT 1 FROM lethe_imports WHERE state = 'reading' AND alive_at < $2)
