-- A change of the key that the journal has already.
DELETE FROM lethe_outbox WHERE outcome = $1 AND digest = $2
