-- The places of the clients that another transaction has locked.
SELECT n FROM lethe_batch WHERE state = 'busy' ORDER BY n
