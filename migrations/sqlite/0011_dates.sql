-- Who set or cleared the day on which a client is to be anonymized. The day
-- itself is in the company's column; this says how it came there.
CREATE TABLE lethe_dates (
    id          INTEGER PRIMARY KEY,
    client_key  TEXT NOT NULL,
    day         TEXT,                       -- NULL where it was cleared
    before      TEXT,                       -- what it was
    set_by      TEXT NOT NULL,
    set_at      TEXT NOT NULL
);
CREATE INDEX lethe_dates_client ON lethe_dates (client_key);
