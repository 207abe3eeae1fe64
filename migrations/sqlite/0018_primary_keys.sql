-- Every table has a primary key.
CREATE TABLE lethe_alerts_before AS SELECT * FROM lethe_alerts;
DROP TABLE lethe_alerts;
CREATE TABLE lethe_alerts (
    id          INTEGER PRIMARY KEY,
    event       TEXT NOT NULL,              -- what it is about: sweep:17, tick:nightly:..., journal
    kind        TEXT NOT NULL,
    raised_at   TEXT NOT NULL,
    over_at     TEXT                        -- when it was so no more
);
INSERT INTO lethe_alerts (event, kind, raised_at, over_at) SELECT event, kind, raised_at, over_at FROM lethe_alerts_before;
DROP TABLE lethe_alerts_before;
CREATE UNIQUE INDEX lethe_alerts_standing ON lethe_alerts (event) WHERE over_at IS NULL;
