-- Forgets the state of the journal.
DELETE FROM lethe_journal
