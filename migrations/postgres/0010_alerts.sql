-- What people were told, so that no process tells it twice: an event, and how
-- long it stood. What cannot be over, such as a sweep that was stopped, stands on.
CREATE TABLE lethe_alerts (
    event       TEXT NOT NULL,              -- what it is about: sweep:17, tick:nightly:..., journal
    kind        TEXT NOT NULL,
    raised_at   TEXT COLLATE "C" NOT NULL,
    over_at     TEXT COLLATE "C"            -- when it was so no more
);
CREATE UNIQUE INDEX lethe_alerts_standing ON lethe_alerts (event) WHERE over_at IS NULL;

-- Sweeps of before are nobody's news.
INSERT INTO lethe_alerts (event, kind, raised_at)
SELECT 'sweep:' || id, state, closed_at FROM lethe_sweeps WHERE closed_at IS NOT NULL;
