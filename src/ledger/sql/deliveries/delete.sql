-- Deletes deliveries that are complete: those under a lease that {ids} selects.
DELETE FROM lethe_deliveries WHERE lease = $1 AND id IN ({ids})
