-- When a session was last used, if it is not over: begun after $2 and used after $3.
SELECT used_at FROM lethe_sessions WHERE hash = $1 AND made_at > $2 AND used_at > $3
