-- Takes $2 clients of a sweep's allowance, if so many are left. The row stays locked until the commit.
UPDATE lethe_sweeps SET taken = taken + $2 WHERE id = $1 AND taken + $2 <= allowance
