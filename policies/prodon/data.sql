-- A made-up charity to try the policy on, for SQLite and PostgreSQL alike.
-- Nobody in it exists; mail addresses end in `.example`.
--
-- Days are counted from today: the table `days (ago, day)` is made before this
-- file is read. The period of the policy is six years, some 2,191 days.

-- ---------------------------------------------------------------------------
-- Set-up
-- ---------------------------------------------------------------------------

INSERT INTO characteristics VALUES
    ('VOLUNTEER', 'Volunteers for'), ('HOW-MET', 'How we met'), ('HEALTH', 'Health'), ('BELIEF', 'Belief'), ('LANGUAGES', 'Languages spoken');
INSERT INTO custom_fields VALUES
    ('TSHIRT', 'T-shirt size', 'text'), ('NICKNAME', 'What friends say', 'text'), ('PROFILE', 'Page on a social network', 'text'),
    ('SEGMENT', 'Segment for mailings', 'text'), ('ACCESS', 'Needs at events', 'text');
INSERT INTO categories VALUES
    ('MONTHLY', 'Gives monthly'), ('MAJOR', 'Gives much'), ('VOLUNTEER', 'Volunteer'), ('PARISH', 'Member of a parish'), ('PATIENT', 'Patient or family of one');
INSERT INTO task_types VALUES ('CALL', 'Telephone'), ('LETTER', 'Write'), ('VISIT', 'Visit'), ('THANKS', 'Say thank you');
INSERT INTO communication_types VALUES
    ('EMAIL', 'E-mail'), ('HOME', 'Telephone at home'), ('MOBILE', 'Mobile telephone'), ('WEB', 'Home page'), ('EMERGENCY', 'Whom to call');
INSERT INTO relation_types VALUES
    ('Spouse', 'Spouse'), ('Parent', 'Child'), ('Child', 'Parent'), ('Employer', 'Employee'), ('Employee', 'Employer'), ('Anonymized client', 'Anonymized client');
INSERT INTO campaigns VALUES ('SPRING', 'Spring letter', 50000), ('RIVER', 'A clean river', 120000), ('WINTER', 'Warm in winter', 80000);
INSERT INTO organizations VALUES (1, 'Friends of the River', TRUE), (2, 'Soup for All', FALSE), (3, 'Books on Wheels', FALSE);
INSERT INTO events
    SELECT 1, 'Walk for the river', day FROM days WHERE ago = 2600;
INSERT INTO events
    SELECT 2, 'Night swim', day FROM days WHERE ago = 400;

CREATE TEMPORARY TABLE numbers (i INTEGER NOT NULL PRIMARY KEY);
INSERT INTO numbers
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n;

CREATE TEMPORARY TABLE first_names (n INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO first_names VALUES
    (0, 'Adèle'), (1, 'Bruno'), (2, 'Chloé'), (3, 'D''Angelo'), (4, 'Émile'), (5, 'Fatou'), (6, 'Gaëlle'), (7, 'Hélène'), (8, 'Igor'),
    (9, 'Jean-François'), (10, 'Kahente'), (11, 'Léa'), (12, 'Maïa 🌸'), (13, 'Noé'), (14, 'Océane'), (15, 'Paul'), (16, 'Qiu'), (17, 'Rosalie'),
    (18, 'Søren'), (19, 'Thu Hà'), (20, 'Ursule'), (21, 'Víctor'), (22, 'Wanda'), (23, 'Xavier'), (24, 'Yasmine'), (25, 'Zacharie'), (26, 'Anne'),
    (27, 'Benoît'), (28, 'Camille'), (29, 'Denis'), (30, 'Élise');
CREATE TEMPORARY TABLE last_names (n INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO last_names VALUES
    (0, 'Arsenault'), (1, 'Bouchard'), (2, 'Côté'), (3, 'D''Amours'), (4, 'Éthier'), (5, 'Fournier'), (6, 'Gagnon'), (7, 'Hébert'), (8, 'Iroquois'),
    (9, 'Jean-Baptiste'), (10, 'Kowalczyk'), (11, 'L''Écuyer'), (12, 'Morin'), (13, 'Nguyễn'), (14, 'O''Neill'), (15, 'Pelletier'), (16, 'Quirion'),
    (17, 'Rousseau'), (18, 'St-Pierre'), (19, 'Tremblay'), (20, 'Ung'), (21, 'Vaillancourt'), (22, 'Wu');

-- ---------------------------------------------------------------------------
-- Twelve clients to look at
-- ---------------------------------------------------------------------------

-- 1: due, and with something in every table. 2: gave last year, and is her daughter. 3: a company.
-- 4: due, with ten thousand gifts. 5: due, with nothing at all. 6: due, all that can be empty is.
-- 7: due, leads a team and a challenge. 8: not due, new and without a receipt. 9: his only receipt is cancelled.
-- 10: the last receipt is old, but gifts without a receipt go on. 11: due, with names of one letter. 12: shares a task and a photo with 1.
INSERT INTO clients (client_no, client_type, salutation, first_name, last_name, company_name, long_greeting, long_greeting_personalized, language,
                     gender, birth_date, occupation, employer, national_id, photo, folder, remarks, created_on)
VALUES
    (1, 'Individual', 'Mrs.', 'Marguerite', 'O''Neill-Côté', NULL, 'Dear Auntie Margo 🌊', TRUE, 'en', 'F', '1948-03-07', 'Pilot', 'Air Rivière', '046 454 286', '1/marguerite.jpg', 'client-1', 'Met at the bridge. Calls on Sundays.', (SELECT day FROM days WHERE ago = 4010)),
    (2, 'Individual', 'Dr.', 'Zoë', 'O''Neill-Côté', NULL, 'Dear friends of the river', FALSE, 'fr', 'F', '1979-11-30', 'Surgeon', NULL, NULL, '2/zoe.jpg', 'client-2', NULL, (SELECT day FROM days WHERE ago = 4020)),
    (3, 'Company', NULL, '', '', 'Fonderie L''Étoile inc.', 'Dear friends of the river', FALSE, 'fr', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Ask for Mr. Dubé.', (SELECT day FROM days WHERE ago = 4030)),
    (4, 'Individual', 'Mr.', 'Anatole', 'Dixmille', NULL, 'Dear friends of the river', FALSE, 'fr', 'M', '1931-01-01', NULL, NULL, NULL, NULL, NULL, NULL, (SELECT day FROM days WHERE ago = 4040)),
    (5, 'Individual', NULL, 'Solange', 'Toutseule', NULL, NULL, FALSE, 'fr', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, (SELECT day FROM days WHERE ago = 4050)),
    (6, 'Individual', '', '', '', '', '', FALSE, '', '', NULL, '', '', '', '', '', '', (SELECT day FROM days WHERE ago = 4060)),
    (7, 'Individual', 'Mr.', 'Hubert', 'Vanasse', NULL, 'Cher Hub', TRUE, 'fr', 'M', '1966-06-16', 'Teacher', 'École du Parc', NULL, '7/hubert.jpg', NULL, NULL, (SELECT day FROM days WHERE ago = 4070)),
    (8, 'Individual', 'Mrs.', 'Nadia', 'Nouvelle', NULL, 'Dear friends of the river', FALSE, 'en', 'F', '1999-09-09', NULL, NULL, NULL, NULL, NULL, NULL, (SELECT day FROM days WHERE ago = 700)),
    (9, 'Individual', 'Mr.', 'Gaston', 'Annulé', NULL, 'Dear friends of the river', FALSE, 'fr', 'M', '1955-05-05', NULL, NULL, NULL, NULL, NULL, NULL, (SELECT day FROM days WHERE ago = 4090)),
    (10, 'Individual', 'Mrs.', 'Perpétue', 'Sansreçu', NULL, 'Dear friends of the river', FALSE, 'fr', 'F', '1942-02-02', NULL, NULL, NULL, NULL, NULL, NULL, (SELECT day FROM days WHERE ago = 4100)),
    (11, 'Individual', NULL, 'O', 'U', NULL, 'Dear O', TRUE, 'en', NULL, '1990-10-10', NULL, NULL, NULL, NULL, NULL, NULL, (SELECT day FROM days WHERE ago = 4110)),
    (12, 'Individual', 'Mr.', 'Réjean', 'Partagé', NULL, 'Dear friends of the river', FALSE, 'fr', 'M', '1950-12-31', NULL, NULL, NULL, '1/marguerite.jpg', NULL, NULL, (SELECT day FROM days WHERE ago = 4120));

-- ---------------------------------------------------------------------------
-- 288 more: their numbers decide what becomes of them
-- ---------------------------------------------------------------------------

-- By the number's last digit: 0 and 5 gave lately, 1, 2 and 6 long ago, 3 and 8 never, some of them new; 4 around the
-- very day; 7 long ago, with much else; 9 is a company.
INSERT INTO clients (client_no, client_type, salutation, first_name, last_name, company_name, long_greeting, long_greeting_personalized, language,
                     gender, birth_date, occupation, employer, national_id, photo, folder, remarks, created_on, modified_at)
SELECT n.i,
       CASE n.i % 10 WHEN 9 THEN 'Company' ELSE 'Individual' END,
       CASE n.i % 4 WHEN 0 THEN 'Mr.' WHEN 1 THEN 'Mrs.' WHEN 2 THEN '' END,
       CASE n.i % 10 WHEN 9 THEN '' ELSE f.name END,
       CASE n.i % 10 WHEN 9 THEN '' ELSE l.name END,
       CASE n.i % 10 WHEN 9 THEN 'Atelier ' || l.name || ' & Cie' END,
       CASE WHEN n.i % 7 = 0 THEN 'Dear ' || f.name ELSE 'Dear friends of the river' END,
       n.i % 7 = 0,
       CASE n.i % 3 WHEN 0 THEN 'en' ELSE 'fr' END,
       CASE n.i % 5 WHEN 0 THEN 'F' WHEN 1 THEN 'M' WHEN 2 THEN 'X' END,
       CASE WHEN n.i % 6 <> 0 THEN b.day END,
       CASE n.i % 8 WHEN 0 THEN 'Baker' WHEN 1 THEN 'Retired' WHEN 2 THEN '' END,
       CASE n.i % 16 WHEN 0 THEN 'Boulangerie du Pont' END,
       CASE n.i % 9 WHEN 0 THEN '046 454 ' || CAST(100 + n.i AS TEXT) END,
       CASE n.i % 12 WHEN 0 THEN CAST(n.i AS TEXT) || '/portrait.jpg' END,
       CASE n.i % 24 WHEN 0 THEN 'client-' || CAST(n.i AS TEXT) END,
       CASE n.i % 11 WHEN 0 THEN 'Prefers ' || CASE n.i % 2 WHEN 0 THEN 'letters' ELSE 'e-mail 📧' END || '.' WHEN 1 THEN '' END,
       c.day,
       NULL
FROM numbers AS n
JOIN first_names AS f ON f.n = n.i % 31
JOIN last_names AS l ON l.n = n.i % 23
JOIN days AS b ON b.ago = 7000 + (n.i * 7) % 2000
JOIN days AS c ON c.ago = CASE WHEN n.i % 10 IN (3, 8) THEN 200 + (n.i * 17) % 4000 ELSE 2500 + (n.i * 13) % 5000 END
WHERE n.i BETWEEN 13 AND 300;

INSERT INTO addresses (address_id, client_no, identification, address, city, province, postal_code, country, is_main, returned_on)
SELECT c.client_no, c.client_no,
       CASE c.client_no % 3 WHEN 0 THEN 'Home' WHEN 1 THEN '' ELSE 'Chez ' || c.first_name END,
       CAST(c.client_no * 3 AS TEXT) || ', rue de l''Église',
       CASE c.client_no % 4 WHEN 0 THEN 'Québec' WHEN 1 THEN 'Lévis' ELSE 'Montréal' END, 'QC',
       'G1R ' || CAST(c.client_no % 10 AS TEXT) || 'B' || CAST(c.client_no % 7 AS TEXT), 'CA', TRUE,
       CASE c.client_no % 20 WHEN 4 THEN (SELECT day FROM days WHERE ago = 2300) END
FROM clients AS c WHERE c.client_no NOT IN (5, 6);
INSERT INTO addresses (address_id, client_no, identification, address, city, province, postal_code, country, is_main)
SELECT 1000 + c.client_no, c.client_no, 'The cottage, care of Aunt May', 'Chemin du Lac, lot ' || CAST(c.client_no AS TEXT), 'Tadoussac', 'QC', NULL, NULL, FALSE
FROM clients AS c WHERE c.client_no = 1 OR c.client_no % 10 = 7 AND c.client_no > 12;
INSERT INTO addresses (address_id, client_no, identification, address, city, is_main) VALUES (2000, 6, '', '', '', TRUE);

INSERT INTO communications (communication_id, client_no, means, value)
SELECT c.client_no, c.client_no, 'EMAIL', 'client' || CAST(c.client_no AS TEXT) || '@river.example' FROM clients AS c WHERE c.client_no NOT IN (5, 6) AND c.client_no % 6 <> 5;
INSERT INTO communications (communication_id, client_no, means, value)
SELECT 1000 + c.client_no, c.client_no, 'HOME', '418 555-' || CAST(1000 + c.client_no AS TEXT) FROM clients AS c WHERE c.client_no NOT IN (5, 6) AND c.client_no % 4 < 3;
INSERT INTO communications (communication_id, client_no, means, value, may_be_used) VALUES
    (2001, 1, 'MOBILE', '+1 (581) 555-0001', FALSE), (2002, 1, 'WEB', 'https://marguerite.example/', TRUE), (2003, 1, 'EMERGENCY', 'Zoë, her daughter, 581 555-0002', TRUE),
    (2004, 6, 'EMAIL', '', TRUE), (2005, 6, 'HOME', NULL, TRUE);

INSERT INTO client_characteristics SELECT c.client_no, 'VOLUNTEER', 'walks' FROM clients AS c WHERE c.client_no = 1 OR c.client_no % 10 = 7;
INSERT INTO client_characteristics SELECT c.client_no, 'HOW-MET', 'Through a friend of ' || c.first_name FROM clients AS c WHERE c.client_no = 1 OR c.client_no % 9 = 0 AND c.client_no <> 9;
INSERT INTO client_characteristics SELECT c.client_no, 'HEALTH', 'Wheelchair' FROM clients AS c WHERE c.client_no = 1 OR c.client_no % 30 = 7 AND c.client_no > 12;
INSERT INTO client_characteristics VALUES (1, 'BELIEF', 'Quaker'), (1, 'LANGUAGES', 'fr, en, iu'), (6, 'HOW-MET', ''), (6, 'HEALTH', NULL);

INSERT INTO client_custom_fields SELECT c.client_no, 'TSHIRT', CASE c.client_no % 3 WHEN 0 THEN 'S' WHEN 1 THEN 'M' ELSE 'XL' END FROM clients AS c WHERE c.client_no = 1 OR c.client_no % 5 = 2;
INSERT INTO client_custom_fields SELECT c.client_no, 'SEGMENT', 'R' || CAST(c.client_no % 4 AS TEXT) FROM clients AS c WHERE c.client_no NOT IN (5, 6) AND c.client_no % 2 = 1;
INSERT INTO client_custom_fields VALUES
    (1, 'NICKNAME', 'Margo'), (1, 'PROFILE', 'https://social.example/@margo'), (1, 'ACCESS', 'Step-free, please'), (6, 'NICKNAME', ''), (7, 'NICKNAME', 'Hub');

INSERT INTO client_categories SELECT c.client_no, 'MONTHLY', NULL, d.day FROM clients AS c JOIN days AS d ON d.ago = 2400 + c.client_no WHERE c.client_no = 1 OR c.client_no % 5 = 1 AND c.client_no > 12;
INSERT INTO client_categories SELECT c.client_no, 'PARISH', 'Saint-Roch', NULL FROM clients AS c WHERE c.client_no = 1 OR c.client_no % 25 = 6 AND c.client_no > 12;
INSERT INTO client_categories VALUES (1, 'VOLUNTEER', 'with Zoë', NULL), (1, 'PATIENT', '', NULL), (4, 'MAJOR', NULL, NULL), (6, 'VOLUNTEER', '', NULL);

INSERT INTO relations VALUES
    (1, 1, 2, 'Parent', 'Child', 'Zoë sees to her mail'), (2, 7, 1, 'Cousin, twice removed', 'Cousin, twice removed', NULL), (3, 3, 12, 'Employer', 'Employee', ''),
    (4, 8, 2, 'Employee', 'Employer', NULL);
INSERT INTO relations
SELECT 100 + c.client_no, c.client_no, c.client_no + 1, 'Spouse', 'Spouse', NULL FROM clients AS c WHERE c.client_no BETWEEN 13 AND 298 AND c.client_no % 10 IN (1, 4, 7);

-- Of 1: she is the main contact of 1 and 2, the only client of 3, and one of two in 4. 5 is of nobody any more, 6 of others.
INSERT INTO tasks (task_id, task_type, main_contact_no, description, due_on, done, user_name) VALUES
    (1, 'CALL', 1, 'Call Marguerite about the bridge', NULL, FALSE, 'HANNE'), (2, 'VISIT', 1, 'Visit with Réjean', (SELECT day FROM days WHERE ago = -20), FALSE, 'HANNE'),
    (3, 'LETTER', NULL, 'Write to her', NULL, TRUE, 'TOM'), (4, 'THANKS', NULL, 'Thank the two who carried the boat', NULL, FALSE, 'TOM'),
    (5, 'CALL', NULL, 'Ask the printer', NULL, FALSE, 'TOM'), (6, 'LETTER', 2, 'Write to Zoë', NULL, FALSE, 'HANNE'), (7, 'VISIT', 2, 'Zoë and her mother', NULL, FALSE, 'HANNE');
INSERT INTO task_clients VALUES (1, 1), (2, 1), (2, 12), (3, 1), (4, 1), (4, 12), (6, 2), (7, 1), (7, 2);
INSERT INTO tasks (task_id, task_type, main_contact_no, description, due_on, done, user_name)
SELECT 1000 + c.client_no, CASE c.client_no % 4 WHEN 0 THEN 'CALL' WHEN 1 THEN 'LETTER' WHEN 2 THEN 'VISIT' ELSE 'THANKS' END,
       CASE WHEN c.client_no % 2 = 0 THEN c.client_no END, 'For ' || c.first_name || ' "' || c.last_name || '"', d.day, c.client_no % 3 = 0, 'TOM'
FROM clients AS c JOIN days AS d ON d.ago = c.client_no - 100 WHERE c.client_no > 12 AND c.client_no % 5 <> 3;
INSERT INTO task_clients SELECT t.task_id, t.task_id - 1000 FROM tasks AS t WHERE t.task_id > 1000;
INSERT INTO task_clients SELECT t.task_id, t.task_id - 999 FROM tasks AS t WHERE t.task_id BETWEEN 1001 AND 1299 AND t.task_id % 4 = 3;

-- ---------------------------------------------------------------------------
-- Giving
-- ---------------------------------------------------------------------------

INSERT INTO commitments VALUES
    (1, 1, 'RIVER', 20, 'monthly', (SELECT day FROM days WHERE ago = 3000), NULL, 'active', 'Marguerite O''Neill-Côté', 'CA 00123 4567890'),
    (2, 1, 'SPRING', 15.50, 'yearly', (SELECT day FROM days WHERE ago = 3900), (SELECT day FROM days WHERE ago = 2900), 'ended', 'M. O''Neill', 'CA 00123 4567890'),
    (3, 2, 'RIVER', 5, 'monthly', (SELECT day FROM days WHERE ago = 100), NULL, 'active', 'Zoë O''Neill-Côté', 'CA 00999 1111111');
INSERT INTO commitments
SELECT 100 + c.client_no, c.client_no, CASE c.client_no % 3 WHEN 0 THEN 'RIVER' WHEN 1 THEN 'SPRING' ELSE 'WINTER' END, 10 + c.client_no % 40, 'monthly', b.day,
       CASE WHEN c.client_no % 2 = 0 THEN e.day END, CASE c.client_no % 2 WHEN 0 THEN 'ended' ELSE 'active' END, c.first_name || ' ' || c.last_name, NULL
FROM clients AS c JOIN days AS b ON b.ago = 2450 JOIN days AS e ON e.ago = 2400 + c.client_no % 40 WHERE c.client_no > 12 AND c.client_no % 10 IN (1, 2, 7);

INSERT INTO transactions (transaction_id, client_no, campaign_code, category, method, amount, given_on, remarks) VALUES
    (1, 1, 'RIVER', 'Gift', 'cheque', 250, (SELECT day FROM days WHERE ago = 2500), 'In an envelope from Marguerite O''Neill-Côté'),
    (2, 1, 'SPRING', 'In memory', 'online', 75.25, (SELECT day FROM days WHERE ago = 2450), NULL),
    (3, 2, 'RIVER', 'Gift', 'online', 40, (SELECT day FROM days WHERE ago = 300), 'Thank you, Zoë!'),
    (4, 3, 'WINTER', 'Gift', 'transfer', 5000, (SELECT day FROM days WHERE ago = 2600), ''),
    (5, 9, 'RIVER', 'Gift', 'cheque', 30, (SELECT day FROM days WHERE ago = 500), 'Returned by the bank'),
    (6, 10, 'RIVER', 'Event', 'cash', 12, (SELECT day FROM days WHERE ago = 200), NULL),
    (7, 10, 'RIVER', 'Gift', 'cheque', 60, (SELECT day FROM days WHERE ago = 2700), NULL),
    (8, 7, 'RIVER', 'Gift', 'online', 100, (SELECT day FROM days WHERE ago = 2600), NULL),
    (9, 11, 'SPRING', 'Gift', 'cash', 1, (SELECT day FROM days WHERE ago = 2800), NULL),
    (10, 12, 'SPRING', 'Gift', 'cash', 10, (SELECT day FROM days WHERE ago = 2800), NULL);
INSERT INTO receipts (receipt_no, client_no, transaction_id, issued_on, amount, name, address, cancelled)
SELECT t.transaction_id, t.client_no, t.transaction_id, t.given_on, t.amount,
       CASE c.client_type WHEN 'Company' THEN c.company_name ELSE c.first_name || ' ' || c.last_name END,
       (SELECT a.address FROM addresses AS a WHERE a.address_id = t.client_no), t.transaction_id = 5
FROM transactions AS t JOIN clients AS c ON c.client_no = t.client_no WHERE t.transaction_id <> 6;

-- Ten thousand gifts of 4, a receipt for the last of them.
INSERT INTO transactions (transaction_id, client_no, campaign_code, category, method, amount, given_on)
SELECT 100000 + n.i, 4, CASE n.i % 3 WHEN 0 THEN 'RIVER' WHEN 1 THEN 'SPRING' ELSE 'WINTER' END, 'Gift', 'cash', n.i % 20, d.day
FROM numbers AS n JOIN days AS d ON d.ago = 2300 + n.i % 1500;
INSERT INTO receipts (receipt_no, client_no, transaction_id, issued_on, amount, name, address)
SELECT t.transaction_id, 4, t.transaction_id, t.given_on, t.amount, 'Anatole Dixmille', '12, rue de l''Église' FROM transactions AS t WHERE t.transaction_id = 110000;

INSERT INTO transactions (transaction_id, client_no, campaign_code, category, method, amount, given_on, remarks)
SELECT 1000 * g.i + c.client_no, c.client_no, CASE (c.client_no + g.i) % 3 WHEN 0 THEN 'RIVER' WHEN 1 THEN 'SPRING' ELSE 'WINTER' END,
       CASE (c.client_no + g.i) % 7 WHEN 0 THEN 'In memory' WHEN 1 THEN 'Event' ELSE 'Gift' END, CASE g.i WHEN 1 THEN 'online' ELSE 'cheque' END,
       5 + (c.client_no * g.i) % 90, d.day,
       CASE WHEN c.client_no % 13 = 0 THEN 'From ' || c.first_name || ' ' || c.last_name || ', by hand' WHEN c.client_no % 13 = 1 THEN '' END
FROM clients AS c
JOIN numbers AS g ON g.i <= 1 + c.client_no % 4
JOIN days AS d ON d.ago = CASE c.client_no % 10
        WHEN 0 THEN 30 + (c.client_no * 7) % 1500
        WHEN 5 THEN 30 + (c.client_no * 11) % 2000
        WHEN 4 THEN 2180 + (c.client_no / 10) % 24
        ELSE 2250 + (c.client_no * 3) % 200 END + 20 * (g.i - 1)
WHERE c.client_no > 12 AND c.client_no % 10 NOT IN (3, 8);
INSERT INTO receipts (receipt_no, client_no, transaction_id, issued_on, amount, name, address)
SELECT t.transaction_id, t.client_no, t.transaction_id, t.given_on, t.amount,
       CASE c.client_type WHEN 'Company' THEN c.company_name ELSE c.first_name || ' ' || c.last_name END,
       (SELECT a.address FROM addresses AS a WHERE a.address_id = t.client_no)
FROM transactions AS t JOIN clients AS c ON c.client_no = t.client_no WHERE t.client_no > 12;

-- ---------------------------------------------------------------------------
-- Online, with this charity and with others
-- ---------------------------------------------------------------------------

INSERT INTO portal_accounts VALUES
    (1, 'client1@river.example', 'Marguerite O''Neill-Côté'), (2, 'zoe@home.example', 'Zoë O''Neill-Côté'), (7, 'hubert@school.example', 'Hubert Vanasse');
INSERT INTO portal_accounts
SELECT c.client_no, 'client' || CAST(c.client_no AS TEXT) || '@river.example', c.first_name || ' ' || c.last_name FROM clients AS c WHERE c.client_no > 12 AND c.client_no % 10 = 7;

-- 1 gave to this charity and to another, where client 1 is somebody else; 3 is a donation that 1 made without an account.
INSERT INTO online_donations VALUES
    (1, 1, 1, 1, 2, 'Marguerite', 'O''Neill-Côté', '3, rue de l''Église', 'client1@river.example', '418 555-1001', 'For the otters 🦦', 75.25, (SELECT day FROM days WHERE ago = 2450)),
    (2, 2, 1, 871, NULL, 'Marguerite', 'O''Neill-Côté', '3, rue de l''Église', 'client1@river.example', NULL, 'Bon appétit', 20, (SELECT day FROM days WHERE ago = 90)),
    (3, 1, NULL, 1, NULL, 'M.', 'O''Neill', NULL, NULL, NULL, NULL, 5, (SELECT day FROM days WHERE ago = 2900)),
    (4, 3, NULL, 1, NULL, 'Igor', 'Ailleurs', 'Elsewhere 5', 'igor@home.example', NULL, 'Not hers', 8, (SELECT day FROM days WHERE ago = 2500)),
    (5, 1, 2, 2, 3, 'Zoë', 'O''Neill-Côté', NULL, 'zoe@home.example', NULL, NULL, 40, (SELECT day FROM days WHERE ago = 300));
INSERT INTO online_donations
SELECT 1000 + c.client_no, 1, c.client_no, c.client_no, 1000 + c.client_no, c.first_name, c.last_name, 'Chemin du Lac', 'client' || CAST(c.client_no AS TEXT) || '@river.example', NULL,
       CASE c.client_no % 4 WHEN 1 THEN 'Bon courage' WHEN 3 THEN '' END, 5 + c.client_no % 90, d.day
FROM clients AS c JOIN days AS d ON d.ago = 2250 + (c.client_no * 3) % 200 WHERE c.client_no > 12 AND c.client_no % 10 = 7;
INSERT INTO online_donations
SELECT 2000 + a.account_id, 2, a.account_id, a.account_id + 4000, NULL, 'With', 'Others', NULL, a.login, NULL, NULL, 3, d.day
FROM portal_accounts AS a JOIN days AS d ON d.ago = 60 WHERE a.account_id > 12;

-- ---------------------------------------------------------------------------
-- Peer to peer
-- ---------------------------------------------------------------------------

INSERT INTO challenges VALUES
    (1, 1, 'Ten bridges in a day', 1, 'Marguerite O''Neill-Côté', 'client1@river.example'), (2, 1, 'Barefoot', 7, 'Hubert Vanasse', 'hubert@school.example'), (3, 2, 'In moonlight', NULL, NULL, NULL);
INSERT INTO participants (participant_id, event_id, challenge_id, client_no, account_id, display_name, email, page_title, page_story, page_photo, visibility, goal) VALUES
    (1, 1, 1, 1, 1, 'Marguerite O''Neill-Côté', 'client1@river.example', 'Margo walks', 'I walk since Hubert dared me.', '1/walk.jpg', 'public', 500),
    (2, 1, NULL, 2, 2, 'Zoë O''Neill-Côté', 'zoe@home.example', 'Zoë walks, too', NULL, NULL, 'public', 300),
    (3, 1, 2, 7, 7, 'Hubert Vanasse', 'hubert@school.example', 'Barefoot!', '', NULL, 'private', 100),
    (4, 2, NULL, NULL, NULL, 'A passer-by', NULL, NULL, NULL, NULL, 'public', 0),
    (5, 2, 3, 1, 1, 'Margo', 'client1@river.example', NULL, NULL, NULL, 'public', 0);
INSERT INTO participants (participant_id, event_id, client_no, account_id, display_name, email, page_title, page_story, visibility, goal)
SELECT 100 + c.client_no, 1, c.client_no, c.client_no, c.first_name || ' ' || c.last_name, 'client' || CAST(c.client_no AS TEXT) || '@river.example',
       c.first_name || ' walks', NULL, 'public', 200
FROM clients AS c WHERE c.client_no > 12 AND c.client_no % 10 = 7;
INSERT INTO teams VALUES (1, 1, 'The Otters', 3, 'Hubert Vanasse'), (2, 1, 'Team of Zoë O''Neill-Côté', 2, 'Zoë O''Neill-Côté'), (3, 1, 'Friends of Marguerite O''Neill-Côté', 1, 'Marguerite O''Neill-Côté');
INSERT INTO team_members VALUES
    (1, 1, 'Marguerite O''Neill-Côté'), (1, 3, 'Hubert Vanasse'), (2, 1, 'Marguerite O''Neill-Côté'), (2, 2, 'Zoë O''Neill-Côté'), (3, 1, 'Marguerite O''Neill-Côté'), (3, 2, 'Zoë O''Neill-Côté');
INSERT INTO team_members SELECT 1, p.participant_id, p.display_name FROM participants AS p WHERE p.participant_id > 100 AND p.participant_id % 20 = 17;

INSERT INTO page_donations VALUES
    (1, 1, 1, 'Marguerite O''Neill-Côté', 2, 'Zoë O''Neill-Côté', 'zoe@home.example', 'Go, Maman!', 'Name and amount', 100, (SELECT day FROM days WHERE ago = 2610)),
    (2, 1, 2, 'Zoë O''Neill-Côté', 1, 'Marguerite O''Neill-Côté', 'client1@river.example', 'From your mother', 'Name and amount', 60, (SELECT day FROM days WHERE ago = 2605)),
    (3, 1, 3, 'Hubert Vanasse', 1, 'Marguerite O''Neill-Côté', 'client1@river.example', NULL, 'Name only', 35, (SELECT day FROM days WHERE ago = 2604)),
    (4, 1, 2, 'Zoë O''Neill-Côté', NULL, 'Somebody', NULL, '🙂', 'Name and amount', 10, (SELECT day FROM days WHERE ago = 2603)),
    (5, 1, 2, 'Zoë O''Neill-Côté', 12, 'Réjean Partagé', NULL, NULL, 'Anonymous donation', 25, (SELECT day FROM days WHERE ago = 2602)),
    (6, 1, 1, 'Marguerite O''Neill-Côté', 1, 'Marguerite O''Neill-Côté', NULL, 'To begin with', 'Name and amount', 1, (SELECT day FROM days WHERE ago = 2620));
INSERT INTO page_donations
SELECT 1000 + p.participant_id, 1, p.participant_id, p.display_name, c.client_no, c.first_name || ' ' || c.last_name, NULL, 'Bravo, ' || p.display_name || '!', 'Name and amount', 5 + c.client_no % 30, d.day
FROM participants AS p JOIN clients AS c ON c.client_no = p.client_no - 2 JOIN days AS d ON d.ago = 2601 WHERE p.participant_id > 100;

DROP TABLE numbers;
DROP TABLE first_names;
DROP TABLE last_names;
