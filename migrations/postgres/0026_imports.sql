-- A workbook is recorded as soon as it is given back: 'reading' until it has been checked.
ALTER TABLE lethe_imports DROP CONSTRAINT lethe_imports_state_check;
ALTER TABLE lethe_imports ADD CONSTRAINT lethe_imports_state_check CHECK (state IN ('reading', 'refused', 'taken', 'approved'));
-- rows_read, rows_checked: how far that is. alive_at: when the process that reads it was last seen.
ALTER TABLE lethe_imports ADD COLUMN rows_read BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lethe_imports ADD COLUMN rows_checked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lethe_imports ADD COLUMN alive_at TEXT COLLATE "C";
-- clients: JSON: keys of the clients whose rows have no error, if some have, until the review is decided.
ALTER TABLE lethe_imports ADD COLUMN clients TEXT;
