-- A person who is signed in to the pages: the cookie is random and kept here as a hash only.
CREATE TABLE lethe_sessions (
    hash        TEXT PRIMARY KEY,           -- SHA-256 of the cookie, in hex
    token       BIGINT NOT NULL REFERENCES lethe_tokens (id),
    made_at     TEXT NOT NULL,
    used_at     TEXT NOT NULL               -- to the minute
);

-- Beyond a number of refusals of one caller on one day, further ones are one row.
ALTER TABLE lethe_requests ADD COLUMN times BIGINT NOT NULL DEFAULT 1;
CREATE INDEX lethe_requests_refused ON lethe_requests (asked_by, at) WHERE allowed = 0;

-- SHA-256 of what a person asked for; one sweep at a time runs on the same terms.
ALTER TABLE lethe_sweeps ADD COLUMN terms TEXT;
CREATE UNIQUE INDEX lethe_sweeps_terms ON lethe_sweeps (terms) WHERE state = 'running';

-- Outcomes that a sweep was the first to have, and sweeps of a job, newest first.
CREATE INDEX lethe_outcomes_of ON lethe_outcomes (sweep, outcome);
CREATE INDEX lethe_sweeps_job ON lethe_sweeps (job, id);
