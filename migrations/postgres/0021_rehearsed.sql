-- What a rehearsal was of: the kind of sweep and its filters, as a JSON object. NULL for one by an earlier version,
-- which counts by its number of clients only.
ALTER TABLE lethe_rehearsals ADD COLUMN kind TEXT;
ALTER TABLE lethe_rehearsals ADD COLUMN filters TEXT;
