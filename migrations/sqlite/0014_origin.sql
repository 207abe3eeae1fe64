-- Which ledger, in which database, a journal belongs to; which key seals it; and whether a person has to decide.

-- The ledger's random name, made when the journal was begun.
ALTER TABLE lethe_journal ADD COLUMN ledger TEXT;
-- The database in which that was, or that an operator named since.
ALTER TABLE lethe_journal ADD COLUMN database TEXT;
-- Segments up to this one count, whoever wrote them.
ALTER TABLE lethe_journal ADD COLUMN adopted BIGINT NOT NULL DEFAULT 0;
-- The fingerprint of the key that seals the next record.
ALTER TABLE lethe_journal ADD COLUMN key_mark TEXT;
-- Since when live sweeps wait for a person.
ALTER TABLE lethe_journal ADD COLUMN halted_at TEXT;
-- 1 when an operator confirmed that the replay may exceed the brake.
ALTER TABLE lethe_journal ADD COLUMN over_brake BIGINT NOT NULL DEFAULT 0;

-- What the journal knows of holds is looked up by client.
CREATE INDEX lethe_holds_client ON lethe_holds (client_key);
