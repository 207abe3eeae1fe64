-- Notes that a copy of this database has written the segment behind $1, or ($2 = 0) that it is gone.
UPDATE lethe_journal SET copied = CASE WHEN $2 = 1 THEN segment + 1 END WHERE segment = $1
