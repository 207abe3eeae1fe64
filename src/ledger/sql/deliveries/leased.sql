-- The deliveries under a lease.
SELECT id FROM lethe_deliveries WHERE lease = $1
