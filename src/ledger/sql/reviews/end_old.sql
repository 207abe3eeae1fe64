-- Ends reviews that were not decided since $1, and those without progress since $2, with the note $3.
UPDATE lethe_reviews
SET note = CASE state WHEN 'making' THEN $3 END,
    state = CASE state WHEN 'making' THEN 'failed' ELSE 'expired' END
WHERE state = 'waiting' AND made_at < $1 OR state = 'making' AND alive_at < $2
