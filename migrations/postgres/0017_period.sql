-- Every period sweep evaluates all clients: how far an earlier one got no longer counts.

DROP TABLE lethe_marks;
ALTER TABLE lethe_sweeps DROP COLUMN since;
ALTER TABLE lethe_batches DROP COLUMN after;

-- Whether a rehearsal was of everybody whom a kind of sweep selects, and not of some clients.
ALTER TABLE lethe_rehearsals ADD COLUMN whole BIGINT NOT NULL DEFAULT 1;
