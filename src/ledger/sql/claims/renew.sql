-- Renews leases: those that {leases} selects.
UPDATE lethe_batches SET lease_until = $1 WHERE state = 'running' AND lease IN ({leases})
