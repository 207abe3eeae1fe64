-- A donor manager in the manner of ProDon, for SQLite: clients of a charity
-- with their relations, tasks, commitments, gifts and receipts, an online
-- donation service that several charities share, and peer-to-peer pages on
-- which people collect for a cause.
--
-- What each charity defines itself (characteristics, custom fields, categories,
-- task types, means of communication) is a table of definitions and a table of
-- values, one row a fact.

-- ---------------------------------------------------------------------------
-- Set-up: definitions, and no client data
-- ---------------------------------------------------------------------------

CREATE TABLE characteristics (
    characteristic_code TEXT NOT NULL PRIMARY KEY,
    label               TEXT NOT NULL
);

CREATE TABLE custom_fields (
    field_code TEXT NOT NULL PRIMARY KEY,
    label      TEXT NOT NULL,
    data_type  TEXT NOT NULL DEFAULT 'text'
);

CREATE TABLE categories (
    category_code TEXT NOT NULL PRIMARY KEY,
    label         TEXT NOT NULL
);

CREATE TABLE task_types (
    task_type TEXT NOT NULL PRIMARY KEY,
    label     TEXT NOT NULL
);

CREATE TABLE communication_types (
    means TEXT NOT NULL PRIMARY KEY,
    label TEXT NOT NULL
);

CREATE TABLE relation_types (
    relation_type TEXT NOT NULL PRIMARY KEY,          -- how the one is related to the other: 'Spouse', 'Employer'
    reverse_type  TEXT NOT NULL                       -- and the other to the one
);

CREATE TABLE campaigns (
    campaign_code TEXT    NOT NULL PRIMARY KEY,
    label         TEXT    NOT NULL,
    goal          NUMERIC(12,2) NOT NULL DEFAULT 0
);

-- Charities that use the online donation service; number 1 is the owner of this database.
CREATE TABLE organizations (
    organization_id INTEGER NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    is_ours         BOOLEAN NOT NULL
);

-- People's own accounts at the portal, by which they log on to every charity that
-- uses it. They belong to those people and not to the charity.
CREATE TABLE portal_accounts (
    account_id INTEGER NOT NULL PRIMARY KEY,
    login      TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL
);

-- ---------------------------------------------------------------------------
-- Clients and what is kept about them
-- ---------------------------------------------------------------------------

CREATE TABLE clients (
    client_no                  INTEGER NOT NULL PRIMARY KEY,
    client_type                TEXT    NOT NULL CHECK (client_type IN ('Individual', 'Company')),
    salutation                 TEXT,
    first_name                 TEXT    NOT NULL DEFAULT '',
    last_name                  TEXT    NOT NULL DEFAULT '',
    company_name               TEXT,
    long_greeting              TEXT,                  -- 'Dear friends of the river'
    long_greeting_personalized BOOLEAN NOT NULL DEFAULT FALSE,   -- typed over for this client: 'Dear Uncle Jo'
    language                   TEXT    NOT NULL DEFAULT 'en',
    gender                     TEXT,
    birth_date                 DATE,
    occupation                 TEXT,
    employer                   TEXT,
    national_id                TEXT,                  -- for receipts above a threshold
    photo                      TEXT,                  -- a file below the folder of photos
    folder                     TEXT,                  -- a folder below the folder of scanned papers
    remarks                    TEXT,
    created_on                 DATE    NOT NULL,
    modified_at                TIMESTAMP,
    anonymized                 BOOLEAN NOT NULL DEFAULT FALSE,
    anonymized_on              DATE
);

CREATE TABLE addresses (
    address_id     INTEGER NOT NULL PRIMARY KEY,
    client_no      INTEGER NOT NULL REFERENCES clients (client_no),
    identification TEXT    NOT NULL DEFAULT '',       -- 'Home', 'The cottage, care of Aunt May'
    address        TEXT    NOT NULL,
    city           TEXT,
    province       TEXT,
    postal_code    TEXT,
    country        TEXT,
    is_main        BOOLEAN NOT NULL DEFAULT TRUE,
    returned_on    DATE                               -- when mail last came back
);

CREATE TABLE communications (
    communication_id INTEGER NOT NULL PRIMARY KEY,
    client_no        INTEGER NOT NULL REFERENCES clients (client_no),
    means            TEXT    NOT NULL REFERENCES communication_types (means),
    value            TEXT,
    may_be_used      BOOLEAN NOT NULL DEFAULT TRUE
);

CREATE TABLE client_characteristics (
    client_no           INTEGER NOT NULL REFERENCES clients (client_no),
    characteristic_code TEXT    NOT NULL REFERENCES characteristics (characteristic_code),
    value               TEXT,
    PRIMARY KEY (client_no, characteristic_code)
);

CREATE TABLE client_custom_fields (
    client_no  INTEGER NOT NULL REFERENCES clients (client_no),
    field_code TEXT    NOT NULL REFERENCES custom_fields (field_code),
    value      TEXT,
    PRIMARY KEY (client_no, field_code)
);

CREATE TABLE client_categories (
    client_no     INTEGER NOT NULL REFERENCES clients (client_no),
    category_code TEXT    NOT NULL REFERENCES categories (category_code),
    detail        TEXT,
    since         DATE,
    PRIMARY KEY (client_no, category_code)
);

-- Who is related to whom: one row for a pair.
CREATE TABLE relations (
    relation_id       INTEGER NOT NULL PRIMARY KEY,
    client_no         INTEGER NOT NULL REFERENCES clients (client_no),
    related_client_no INTEGER NOT NULL REFERENCES clients (client_no),
    relation_type     TEXT    NOT NULL,               -- as in relation_types, or typed over
    reverse_type      TEXT    NOT NULL,
    remarks           TEXT
);

CREATE TABLE tasks (
    task_id         INTEGER NOT NULL PRIMARY KEY,
    task_type       TEXT    NOT NULL REFERENCES task_types (task_type),
    main_contact_no INTEGER REFERENCES clients (client_no),
    description     TEXT,
    due_on          DATE,
    done            BOOLEAN NOT NULL DEFAULT FALSE,
    user_name       TEXT    NOT NULL                  -- staff
);

-- All clients whom a task concerns. The main contact need not be among them.
CREATE TABLE task_clients (
    task_id   INTEGER NOT NULL REFERENCES tasks (task_id) ON DELETE CASCADE,
    client_no INTEGER NOT NULL REFERENCES clients (client_no),
    PRIMARY KEY (task_id, client_no)
);

-- ---------------------------------------------------------------------------
-- Giving
-- ---------------------------------------------------------------------------

-- Promises to give regularly.
CREATE TABLE commitments (
    commitment_id  INTEGER       NOT NULL PRIMARY KEY,
    client_no      INTEGER       NOT NULL REFERENCES clients (client_no),
    campaign_code  TEXT          NOT NULL REFERENCES campaigns (campaign_code),
    amount         NUMERIC(12,2) NOT NULL,
    frequency      TEXT          NOT NULL,
    begins_on      DATE          NOT NULL,
    ends_on        DATE,
    status         TEXT          NOT NULL CHECK (status IN ('active', 'ended')),
    account_holder TEXT,
    account_number TEXT
);

-- What was given: the statistics are made of these.
CREATE TABLE transactions (
    transaction_id INTEGER       NOT NULL PRIMARY KEY,
    client_no      INTEGER       NOT NULL REFERENCES clients (client_no),
    campaign_code  TEXT          NOT NULL REFERENCES campaigns (campaign_code),
    category       TEXT          NOT NULL,            -- 'Gift', 'Event', 'Bequest', 'In memory'
    method         TEXT          NOT NULL,
    amount         NUMERIC(12,2) NOT NULL,
    given_on       DATE          NOT NULL,
    remarks        TEXT
);

-- Receipts for taxes, with the name and address that stood on them.
CREATE TABLE receipts (
    receipt_no     INTEGER       NOT NULL PRIMARY KEY,
    client_no      INTEGER       NOT NULL REFERENCES clients (client_no),
    transaction_id INTEGER       REFERENCES transactions (transaction_id),
    issued_on      DATE          NOT NULL,
    amount         NUMERIC(12,2) NOT NULL,
    name           TEXT          NOT NULL,
    address        TEXT,
    cancelled      BOOLEAN       NOT NULL DEFAULT FALSE
);

-- ---------------------------------------------------------------------------
-- Online: donations through the portal, to this charity and to others
-- ---------------------------------------------------------------------------

CREATE TABLE online_donations (
    online_id       INTEGER       NOT NULL PRIMARY KEY,
    organization_id INTEGER       NOT NULL REFERENCES organizations (organization_id),
    account_id      INTEGER       REFERENCES portal_accounts (account_id),
    client_no       INTEGER,                          -- the client's number with that charity, so no foreign key
    transaction_id  INTEGER,                          -- what was imported, with that charity
    first_name      TEXT,
    last_name       TEXT,
    address         TEXT,
    email           TEXT,
    phone           TEXT,
    message         TEXT,
    amount          NUMERIC(12,2) NOT NULL,
    donated_on      DATE          NOT NULL
);

-- ---------------------------------------------------------------------------
-- Peer to peer: pages on which people collect
-- ---------------------------------------------------------------------------

CREATE TABLE events (
    event_id INTEGER NOT NULL PRIMARY KEY,
    title    TEXT    NOT NULL,
    held_on  DATE    NOT NULL
);

CREATE TABLE challenges (
    challenge_id    INTEGER NOT NULL PRIMARY KEY,
    event_id        INTEGER NOT NULL REFERENCES events (event_id),
    title           TEXT    NOT NULL,
    admin_client_no INTEGER REFERENCES clients (client_no),
    admin_name      TEXT,
    admin_email     TEXT
);

CREATE TABLE participants (
    participant_id INTEGER NOT NULL PRIMARY KEY,
    event_id       INTEGER NOT NULL REFERENCES events (event_id),
    challenge_id   INTEGER REFERENCES challenges (challenge_id),
    client_no      INTEGER REFERENCES clients (client_no),
    account_id     INTEGER REFERENCES portal_accounts (account_id),
    display_name   TEXT    NOT NULL,
    email          TEXT,
    page_title     TEXT,
    page_story     TEXT,
    page_photo     TEXT,                              -- a file below the folder of photos
    visibility     TEXT    NOT NULL DEFAULT 'public' CHECK (visibility IN ('public', 'private')),
    goal           NUMERIC(12,2) NOT NULL DEFAULT 0,
    anonymous      BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE teams (
    team_id               INTEGER NOT NULL PRIMARY KEY,
    event_id              INTEGER NOT NULL REFERENCES events (event_id),
    title                 TEXT    NOT NULL,
    leader_participant_id INTEGER REFERENCES participants (participant_id),
    leader_name           TEXT
);

CREATE TABLE team_members (
    team_id        INTEGER NOT NULL REFERENCES teams (team_id),
    participant_id INTEGER NOT NULL REFERENCES participants (participant_id),
    member_name    TEXT    NOT NULL,
    PRIMARY KEY (team_id, participant_id)
);

CREATE TABLE page_donations (
    donation_id      INTEGER       NOT NULL PRIMARY KEY,
    event_id         INTEGER       NOT NULL REFERENCES events (event_id),
    participant_id   INTEGER       REFERENCES participants (participant_id),   -- on whose page
    participant_name TEXT,
    donor_client_no  INTEGER       REFERENCES clients (client_no),
    donor_name       TEXT,
    donor_email      TEXT,
    message          TEXT,
    visibility       TEXT          NOT NULL DEFAULT 'Name and amount',
    amount           NUMERIC(12,2) NOT NULL,
    donated_on       DATE          NOT NULL
);

-- ---------------------------------------------------------------------------
-- What the screens of portal, pages and back office read
-- ---------------------------------------------------------------------------

-- A person's own history at the portal, over all charities.
CREATE VIEW portal_history AS
SELECT a.account_id, a.login, o.name AS organization, d.online_id, d.amount, d.donated_on
FROM online_donations AS d
JOIN portal_accounts AS a ON a.account_id = d.account_id
JOIN organizations AS o ON o.organization_id = d.organization_id;

-- The report of the online donation service for one charity.
CREATE VIEW online_donation_report AS
SELECT d.organization_id, d.online_id, d.first_name, d.last_name, d.address, d.email, d.phone, d.message, d.amount, d.donated_on
FROM online_donations AS d;

-- Where somebody who logs on is registered.
CREATE VIEW portal_registrations AS
SELECT a.login, p.event_id, p.participant_id
FROM participants AS p
JOIN portal_accounts AS a ON a.account_id = p.account_id;

-- Everybody's list of an event's participants.
CREATE VIEW participant_list AS
SELECT event_id, participant_id, display_name, page_title
FROM participants
WHERE visibility = 'public' AND NOT anonymous;

-- Who collected most; an anonymous participant is not among them.
CREATE VIEW top_participants AS
SELECT p.event_id, p.participant_id, p.display_name, sum(d.amount) AS collected
FROM participants AS p
JOIN page_donations AS d ON d.participant_id = p.participant_id
WHERE p.visibility = 'public' AND NOT p.anonymous
GROUP BY p.event_id, p.participant_id, p.display_name;

-- Donations as a page shows them.
CREATE VIEW shown_donations AS
SELECT event_id, donation_id, amount, donated_on,
       CASE visibility WHEN 'Anonymous donation' THEN 'Anonymous donation' ELSE donor_name END AS donor
FROM page_donations;

-- Who gave most: by the name shown.
CREATE VIEW top_donors AS
SELECT event_id, donor, sum(amount) AS given
FROM shown_donations
GROUP BY event_id, donor;

-- A team as its leader sees it, and as everybody else does.
CREATE VIEW team_as_leader AS
SELECT m.team_id, m.participant_id, m.member_name
FROM team_members AS m;

CREATE VIEW team_as_others AS
SELECT m.team_id, m.participant_id, m.member_name
FROM team_members AS m
JOIN participants AS p ON p.participant_id = m.participant_id
WHERE NOT p.anonymous;

-- ---------------------------------------------------------------------------
-- Indexes: rows are found by client, and activity by its day
-- ---------------------------------------------------------------------------

CREATE INDEX clients_created            ON clients (created_on);
CREATE INDEX clients_photo              ON clients (photo);
CREATE INDEX clients_folder             ON clients (folder);
CREATE INDEX addresses_client           ON addresses (client_no);
CREATE INDEX communications_client      ON communications (client_no);
CREATE INDEX relations_client           ON relations (client_no);
CREATE INDEX relations_related          ON relations (related_client_no);
CREATE INDEX tasks_main_contact         ON tasks (main_contact_no);
CREATE INDEX task_clients_client        ON task_clients (client_no);
CREATE INDEX commitments_client         ON commitments (client_no);
CREATE INDEX transactions_client        ON transactions (client_no);
CREATE INDEX transactions_given_on       ON transactions (given_on);
CREATE INDEX receipts_client            ON receipts (client_no);
CREATE INDEX receipts_issued            ON receipts (issued_on);
CREATE INDEX receipts_transaction       ON receipts (transaction_id);
CREATE INDEX online_donations_client    ON online_donations (client_no);
CREATE INDEX online_donations_account   ON online_donations (account_id);
CREATE INDEX online_donations_transaction ON online_donations (transaction_id);
CREATE INDEX challenges_admin           ON challenges (admin_client_no);
CREATE INDEX participants_client        ON participants (client_no);
CREATE INDEX participants_photo         ON participants (page_photo);
CREATE INDEX teams_leader               ON teams (leader_participant_id);
CREATE INDEX team_members_participant   ON team_members (participant_id);
CREATE INDEX page_donations_donor       ON page_donations (donor_client_no);
CREATE INDEX page_donations_participant ON page_donations (participant_id);
CREATE INDEX participants_account ON participants (account_id);

-- Mail addresses are compared whatever their case and the spaces around them.
CREATE INDEX communications_email   ON communications (lower(trim(CAST(value AS TEXT))));
CREATE INDEX portal_accounts_email  ON portal_accounts (lower(trim(CAST(login AS TEXT))));
CREATE INDEX online_donations_email ON online_donations (lower(trim(CAST(email AS TEXT))));
CREATE INDEX participants_email     ON participants (lower(trim(CAST(email AS TEXT))));
CREATE INDEX page_donations_email   ON page_donations (lower(trim(CAST(donor_email AS TEXT))));
