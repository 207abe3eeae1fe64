-- Records that an outcome stands as it was. $1 sweep, $2 moment, $3 plan digest: a client that was tried again and
-- failed again failed under this plan.
UPDATE lethe_outcomes
SET last_sweep = $1, last_at = $2, digest = CASE outcome WHEN 'failed' THEN $3 ELSE digest END
WHERE (client_key, sweep) IN (SELECT key, latest FROM lethe_batch WHERE standing = 1)
