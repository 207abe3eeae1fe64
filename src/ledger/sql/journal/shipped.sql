-- Deletes the rows of the outbox that are in the journal: those that {ids} selects.
DELETE FROM lethe_outbox WHERE id IN ({ids})
