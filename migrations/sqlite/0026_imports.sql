-- A workbook is recorded as soon as it is given back: 'reading' until it has been checked.
CREATE TABLE lethe_imports_before AS SELECT * FROM lethe_imports;
DROP TABLE lethe_imports;
CREATE TABLE lethe_imports (
    id           INTEGER PRIMARY KEY,
    review       BIGINT NOT NULL REFERENCES lethe_reviews (id),
    made_by      TEXT NOT NULL,
    made_at      TEXT NOT NULL,
    file         TEXT NOT NULL,              -- SHA-256 of the file
    saved_with   TEXT NOT NULL,              -- the program, as it says itself
    state        TEXT NOT NULL CHECK (state IN ('reading', 'refused', 'taken', 'approved')),
    rows_read    BIGINT NOT NULL DEFAULT 0,
    rows_checked BIGINT NOT NULL DEFAULT 0,
    alive_at     TEXT,                       -- when the process that reads it was last seen
    kept         BIGINT NOT NULL,            -- clients left in it whose rows have no error
    removed      BIGINT NOT NULL,            -- the other clients of its review
    errors       TEXT NOT NULL,              -- JSON: row, column, what, fix; no values
    clients      TEXT,                       -- JSON: keys of the clients left, if some rows have errors, until the review is decided
    sweep        BIGINT                      -- that was opened
);
INSERT INTO lethe_imports (id, review, made_by, made_at, file, saved_with, state, kept, removed, errors, sweep)
    SELECT id, review, made_by, made_at, file, saved_with, state, kept, removed, errors, sweep FROM lethe_imports_before;
DROP TABLE lethe_imports_before;
CREATE INDEX lethe_imports_review ON lethe_imports (review);
