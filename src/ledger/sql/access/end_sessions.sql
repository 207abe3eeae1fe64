-- Ends the sessions not used since $1, and those begun before $2.
DELETE FROM lethe_sessions WHERE used_at <= $1 OR made_at <= $2
