-- Ends a session.
DELETE FROM lethe_sessions WHERE hash = $1
