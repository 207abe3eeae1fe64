-- Ends imports whose process has not been seen since $1.
UPDATE lethe_imports SET state = 'refused', errors = $2 WHERE state = 'reading' AND alive_at < $1
