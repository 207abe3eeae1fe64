-- A chain of sports clubs in the manner of Resamania, for SQLite: members with
-- their badges, visits, bookings, purchases and instalments, and what is filed
-- about them.
--
-- Members belong to one club. What the club's own program refuses (a sale to
-- somebody who is blocked, a badge that was withdrawn) triggers refuse here.

-- ---------------------------------------------------------------------------
-- Set-up: no member data
-- ---------------------------------------------------------------------------

CREATE TABLE clubs (
    club_code TEXT NOT NULL PRIMARY KEY,
    name      TEXT NOT NULL,
    city      TEXT NOT NULL
);

CREATE TABLE offers (
    offer_code TEXT          NOT NULL PRIMARY KEY,
    label      TEXT          NOT NULL,
    price      NUMERIC(10,2) NOT NULL
);

-- Classes on the timetable.
CREATE TABLE sessions (
    session_id INTEGER   NOT NULL PRIMARY KEY,
    club_code  TEXT      NOT NULL REFERENCES clubs (club_code),
    activity   TEXT      NOT NULL,
    begins_on  DATE      NOT NULL,
    places     INTEGER   NOT NULL
);

-- ---------------------------------------------------------------------------
-- Members
-- ---------------------------------------------------------------------------

CREATE TABLE members (
    member_id       INTEGER NOT NULL PRIMARY KEY,
    member_no       TEXT    NOT NULL UNIQUE,            -- as it stands on the card: 'LYO-000123'
    club_code       TEXT    NOT NULL REFERENCES clubs (club_code),
    status          TEXT    NOT NULL CHECK (status IN ('prospect', 'client', 'former')),
    civility        TEXT,
    first_name      TEXT    NOT NULL,
    last_name       TEXT    NOT NULL,
    display_name    TEXT    NOT NULL,                   -- as lists show it
    email           TEXT    UNIQUE,                     -- also the login of the app
    phone           TEXT    NOT NULL DEFAULT '',
    mobile          TEXT    NOT NULL DEFAULT '',
    address         TEXT    NOT NULL DEFAULT '',
    postal_code     TEXT,
    city            TEXT,
    country         TEXT,
    birth_date      DATE,
    photo           TEXT,                               -- a file below the folder of photos
    sponsor_id      INTEGER,                            -- the member who brought this one
    joined_on       DATE    NOT NULL,
    source          TEXT,
    remarks         TEXT,
    sales_blocked   BOOLEAN NOT NULL DEFAULT FALSE,
    booking_blocked BOOLEAN NOT NULL DEFAULT FALSE,
    anonymized      BOOLEAN NOT NULL DEFAULT FALSE,
    anonymized_on   DATE
);

-- What a member owes (below zero) or has paid too much (above).
CREATE TABLE member_accounts (
    member_id INTEGER       NOT NULL PRIMARY KEY REFERENCES members (member_id),
    balance   NUMERIC(10,2) NOT NULL DEFAULT 0
);

-- Whether a member may be written to, or called, and for what.
CREATE TABLE consents (
    member_id INTEGER NOT NULL REFERENCES members (member_id),
    channel   TEXT    NOT NULL,                         -- 'email', 'sms', 'phone', 'post', 'push', 'partners'
    granted   BOOLEAN NOT NULL,
    given_on  DATE,
    PRIMARY KEY (member_id, channel)
);

CREATE TABLE emergency_contacts (
    contact_id INTEGER NOT NULL PRIMARY KEY,
    member_id  INTEGER NOT NULL REFERENCES members (member_id),
    name       TEXT    NOT NULL,
    phone      TEXT
);

-- What a member said before the first lesson.
CREATE TABLE health_answers (
    member_id INTEGER NOT NULL REFERENCES members (member_id),
    question  TEXT    NOT NULL,
    answer    TEXT,
    PRIMARY KEY (member_id, question)
);

CREATE TABLE mandates (
    mandate_no TEXT    NOT NULL PRIMARY KEY,
    member_id  INTEGER NOT NULL REFERENCES members (member_id),
    holder     TEXT    NOT NULL,
    iban       TEXT,
    signed_on  DATE    NOT NULL,
    active     BOOLEAN NOT NULL DEFAULT TRUE
);

CREATE TABLE staff_notes (
    note_id    INTEGER NOT NULL PRIMARY KEY,
    member_id  INTEGER NOT NULL REFERENCES members (member_id),
    body       TEXT    NOT NULL,
    written_on DATE    NOT NULL
);

CREATE TABLE messages (
    message_id INTEGER NOT NULL PRIMARY KEY,
    member_id  INTEGER NOT NULL REFERENCES members (member_id),
    channel    TEXT    NOT NULL,
    recipient  TEXT    NOT NULL,
    subject    TEXT,
    sent_on    DATE    NOT NULL
);

-- Sessions of the app that are logged on.
CREATE TABLE app_logins (
    login_id  INTEGER NOT NULL PRIMARY KEY,
    login     TEXT    NOT NULL,                         -- the member's mail address
    device    TEXT,
    last_used DATE    NOT NULL
);

-- Badges that open the door. One that a member gives back has no member any more,
-- and may be given to another.
CREATE TABLE badges (
    badge_no   TEXT    NOT NULL PRIMARY KEY,
    member_id  INTEGER REFERENCES members (member_id),
    active     BOOLEAN NOT NULL DEFAULT TRUE,
    assignable BOOLEAN NOT NULL DEFAULT TRUE
);

-- ---------------------------------------------------------------------------
-- What a member does
-- ---------------------------------------------------------------------------

CREATE TABLE visits (
    visit_id   INTEGER NOT NULL PRIMARY KEY,
    member_id  INTEGER NOT NULL REFERENCES members (member_id),
    club_code  TEXT    NOT NULL REFERENCES clubs (club_code),
    visited_on DATE    NOT NULL
);

CREATE TABLE bookings (
    booking_id INTEGER NOT NULL PRIMARY KEY,
    member_id  INTEGER NOT NULL REFERENCES members (member_id),
    session_id INTEGER NOT NULL REFERENCES sessions (session_id),
    booked_on  DATE    NOT NULL,
    held_on    DATE    NOT NULL,                        -- the day of the session
    status     TEXT    NOT NULL,                        -- 'attended', 'missed', 'cancelled', 'booked'
    wishes     TEXT
);

CREATE TABLE subscriptions (
    subscription_id INTEGER NOT NULL PRIMARY KEY,
    member_id       INTEGER NOT NULL REFERENCES members (member_id),
    offer_code      TEXT    NOT NULL REFERENCES offers (offer_code),
    begins_on       DATE    NOT NULL,
    ends_on         DATE
);

CREATE TABLE sales (
    sale_id   INTEGER       NOT NULL PRIMARY KEY,
    member_id INTEGER       NOT NULL REFERENCES members (member_id),
    club_code TEXT          NOT NULL REFERENCES clubs (club_code),
    sold_on   DATE          NOT NULL,
    total     NUMERIC(10,2) NOT NULL,
    seller    TEXT          NOT NULL                    -- staff
);

CREATE TABLE sale_lines (
    sale_id    INTEGER       NOT NULL REFERENCES sales (sale_id),
    line_no    INTEGER       NOT NULL,
    offer_code TEXT          NOT NULL REFERENCES offers (offer_code),
    label      TEXT          NOT NULL,
    amount     NUMERIC(10,2) NOT NULL,
    PRIMARY KEY (sale_id, line_no)
);

CREATE TABLE instalments (
    instalment_id INTEGER       NOT NULL PRIMARY KEY,
    member_id     INTEGER       NOT NULL REFERENCES members (member_id),
    due_on        DATE          NOT NULL,
    amount        NUMERIC(10,2) NOT NULL,
    paid          BOOLEAN       NOT NULL
);

-- ---------------------------------------------------------------------------
-- What is filed as it was issued
-- ---------------------------------------------------------------------------

CREATE TABLE invoices (
    invoice_no     TEXT          NOT NULL PRIMARY KEY,
    member_id      INTEGER       NOT NULL REFERENCES members (member_id),
    sale_id        INTEGER       REFERENCES sales (sale_id),
    issued_on      DATE          NOT NULL,
    billed_name    TEXT          NOT NULL,
    billed_address TEXT,
    total          NUMERIC(10,2) NOT NULL
);

-- Contracts and certificates, word for word as they were signed.
CREATE TABLE documents (
    document_id INTEGER NOT NULL PRIMARY KEY,
    member_id   INTEGER NOT NULL REFERENCES members (member_id),
    title       TEXT    NOT NULL,
    content     TEXT,
    signed_on   DATE
);

-- What happened to the member's file, line by line.
CREATE TABLE member_history (
    history_id  INTEGER NOT NULL PRIMARY KEY,
    member_id   INTEGER NOT NULL REFERENCES members (member_id),
    happened_on DATE    NOT NULL,
    event       TEXT    NOT NULL
);

-- ---------------------------------------------------------------------------
-- What the screens of the club read
-- ---------------------------------------------------------------------------

CREATE VIEW member_list AS
SELECT member_id, member_no, club_code, display_name, status FROM members WHERE NOT anonymized;

-- A member's file: what can be looked at from there.
CREATE VIEW file_invoices AS
SELECT m.member_no, i.* FROM member_list AS m JOIN invoices AS i ON i.member_id = m.member_id;
CREATE VIEW file_documents AS
SELECT m.member_no, d.* FROM member_list AS m JOIN documents AS d ON d.member_id = m.member_id;
CREATE VIEW file_history AS
SELECT m.member_no, h.* FROM member_list AS m JOIN member_history AS h ON h.member_id = m.member_id;
CREATE VIEW file_bookings AS
SELECT m.member_no, b.* FROM member_list AS m JOIN bookings AS b ON b.member_id = m.member_id;

-- Invoices for the accountants, whoever they were for.
CREATE VIEW invoice_book AS
SELECT invoice_no, issued_on, total FROM invoices;

-- ---------------------------------------------------------------------------
-- What the club's program refuses
-- ---------------------------------------------------------------------------

-- A sale is also what it leads to: a subscription, and what is paid by instalments.
CREATE TRIGGER sales_blocked BEFORE INSERT ON sales
WHEN EXISTS (SELECT 1 FROM members WHERE member_id = NEW.member_id AND sales_blocked)
BEGIN SELECT RAISE(ABORT, 'sales to this member are blocked'); END;

CREATE TRIGGER sales_moved BEFORE UPDATE OF member_id ON sales
WHEN NEW.member_id IS NOT OLD.member_id
    AND EXISTS (SELECT 1 FROM members WHERE member_id = NEW.member_id AND sales_blocked)
BEGIN SELECT RAISE(ABORT, 'sales to this member are blocked'); END;

CREATE TRIGGER subscriptions_blocked BEFORE INSERT ON subscriptions
WHEN EXISTS (SELECT 1 FROM members WHERE member_id = NEW.member_id AND sales_blocked)
BEGIN SELECT RAISE(ABORT, 'sales to this member are blocked'); END;

CREATE TRIGGER subscriptions_moved BEFORE UPDATE OF member_id ON subscriptions
WHEN NEW.member_id IS NOT OLD.member_id
    AND EXISTS (SELECT 1 FROM members WHERE member_id = NEW.member_id AND sales_blocked)
BEGIN SELECT RAISE(ABORT, 'sales to this member are blocked'); END;

CREATE TRIGGER instalments_blocked BEFORE INSERT ON instalments
WHEN EXISTS (SELECT 1 FROM members WHERE member_id = NEW.member_id AND sales_blocked)
BEGIN SELECT RAISE(ABORT, 'sales to this member are blocked'); END;

CREATE TRIGGER instalments_moved BEFORE UPDATE OF member_id ON instalments
WHEN NEW.member_id IS NOT OLD.member_id
    AND EXISTS (SELECT 1 FROM members WHERE member_id = NEW.member_id AND sales_blocked)
BEGIN SELECT RAISE(ABORT, 'sales to this member are blocked'); END;

CREATE TRIGGER bookings_blocked BEFORE INSERT ON bookings
WHEN EXISTS (SELECT 1 FROM members WHERE member_id = NEW.member_id AND booking_blocked)
BEGIN SELECT RAISE(ABORT, 'bookings of this member are blocked'); END;

CREATE TRIGGER bookings_moved BEFORE UPDATE OF member_id ON bookings
WHEN NEW.member_id IS NOT OLD.member_id
    AND EXISTS (SELECT 1 FROM members WHERE member_id = NEW.member_id AND booking_blocked)
BEGIN SELECT RAISE(ABORT, 'bookings of this member are blocked'); END;

-- Whoever was anonymized stays so, and stays blocked.
CREATE TRIGGER members_stay_blocked BEFORE UPDATE ON members
WHEN OLD.anonymized AND (NEW.anonymized IS NOT TRUE
    OR NEW.member_id IS NOT OLD.member_id OR NEW.member_no IS NOT OLD.member_no
    OR (OLD.sales_blocked AND NEW.sales_blocked IS NOT TRUE)
    OR (OLD.booking_blocked AND NEW.booking_blocked IS NOT TRUE))
BEGIN SELECT RAISE(ABORT, 'this member was anonymized and stays blocked'); END;

CREATE TRIGGER members_kept BEFORE DELETE ON members WHEN OLD.anonymized
BEGIN SELECT RAISE(ABORT, 'this member was anonymized and stays blocked'); END;

-- REPLACE deletes the old row without asking its triggers.
CREATE TRIGGER members_not_replaced BEFORE INSERT ON members
WHEN EXISTS (SELECT 1 FROM members WHERE anonymized
    AND (member_id = NEW.member_id OR member_no = NEW.member_no OR email = NEW.email))
BEGIN SELECT RAISE(ABORT, 'this member was anonymized and stays blocked'); END;

CREATE TRIGGER members_not_replaced_by_another BEFORE UPDATE OF member_id, member_no, email ON members
WHEN EXISTS (SELECT 1 FROM members WHERE anonymized AND member_id <> OLD.member_id
    AND (member_id = NEW.member_id OR member_no = NEW.member_no OR email = NEW.email))
BEGIN SELECT RAISE(ABORT, 'this member was anonymized and stays blocked'); END;

CREATE TRIGGER badges_withdrawn BEFORE UPDATE ON badges
WHEN NOT OLD.assignable AND (NEW.assignable IS NOT FALSE OR NEW.active IS NOT FALSE
    OR NEW.member_id IS NOT OLD.member_id OR NEW.badge_no IS NOT OLD.badge_no)
BEGIN SELECT RAISE(ABORT, 'this badge was withdrawn'); END;

CREATE TRIGGER badges_kept BEFORE DELETE ON badges WHEN NOT OLD.assignable
BEGIN SELECT RAISE(ABORT, 'this badge was withdrawn'); END;

CREATE TRIGGER badges_not_replaced BEFORE INSERT ON badges
WHEN EXISTS (SELECT 1 FROM badges WHERE badge_no = NEW.badge_no AND NOT assignable)
BEGIN SELECT RAISE(ABORT, 'this badge was withdrawn'); END;

CREATE TRIGGER badges_not_replaced_by_another BEFORE UPDATE OF badge_no ON badges
WHEN NEW.badge_no IS NOT OLD.badge_no
    AND EXISTS (SELECT 1 FROM badges WHERE badge_no = NEW.badge_no AND NOT assignable)
BEGIN SELECT RAISE(ABORT, 'this badge was withdrawn'); END;

-- ---------------------------------------------------------------------------
-- Indexes: rows are found by member, and activity by its day
-- ---------------------------------------------------------------------------

CREATE INDEX members_club          ON members (club_code);
CREATE INDEX members_joined        ON members (joined_on);
CREATE INDEX members_photo         ON members (photo);
CREATE INDEX emergency_member      ON emergency_contacts (member_id);
CREATE INDEX mandates_member       ON mandates (member_id);
CREATE INDEX staff_notes_member    ON staff_notes (member_id);
CREATE INDEX messages_member       ON messages (member_id);
CREATE INDEX app_logins_login      ON app_logins (lower(trim(CAST(login AS TEXT))));
CREATE INDEX members_email         ON members (lower(trim(CAST(email AS TEXT))));
CREATE INDEX badges_member         ON badges (member_id);
CREATE INDEX visits_member         ON visits (member_id);
CREATE INDEX visits_day            ON visits (visited_on);
CREATE INDEX bookings_member       ON bookings (member_id);
CREATE INDEX bookings_day          ON bookings (held_on);
CREATE INDEX bookings_made         ON bookings (booked_on);
CREATE INDEX subscriptions_member  ON subscriptions (member_id);
CREATE INDEX subscriptions_begin   ON subscriptions (begins_on);
CREATE INDEX sales_member          ON sales (member_id);
CREATE INDEX sales_day             ON sales (sold_on);
CREATE INDEX instalments_member    ON instalments (member_id);
CREATE INDEX instalments_day       ON instalments (due_on);
CREATE INDEX invoices_member       ON invoices (member_id);
CREATE INDEX invoices_day          ON invoices (issued_on);
CREATE INDEX documents_member      ON documents (member_id);
CREATE INDEX history_member        ON member_history (member_id);
