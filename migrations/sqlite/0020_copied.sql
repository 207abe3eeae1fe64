-- The segment that a copy of this database has written: an operator decides, whichever process sees it next.
ALTER TABLE lethe_journal ADD COLUMN copied INTEGER;
