-- Forgets the segments of the journal.
DELETE FROM lethe_segments
