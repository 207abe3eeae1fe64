-- A made-up chain of three clubs to try the policy on, for SQLite and PostgreSQL
-- alike. Nobody in it exists; mail addresses end in `.example`.
--
-- Days are counted from today: the table `days (ago, day)` is made before this
-- file is read. Three years are some 1,096 days.

-- ---------------------------------------------------------------------------
-- Set-up
-- ---------------------------------------------------------------------------

INSERT INTO clubs VALUES ('LYO', 'Rive Gauche', 'Lyon'), ('LIL', 'La Filature', 'Lille'), ('NCE', 'Baie des Sports', 'Nice');
INSERT INTO offers VALUES
    ('YEAR', 'A year, every day', 480), ('MONTH', 'A month', 49.90), ('TEN', 'Ten entries', 95), ('SMALL', 'Petit matin', 29), ('WATER', 'Bottle', 2.50);

CREATE TEMPORARY TABLE numbers (i INTEGER NOT NULL PRIMARY KEY);
INSERT INTO numbers
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n;
INSERT INTO sessions
SELECT n.i, CASE n.i % 3 WHEN 0 THEN 'LYO' WHEN 1 THEN 'LIL' ELSE 'NCE' END, CASE n.i % 4 WHEN 0 THEN 'Yoga' WHEN 1 THEN 'Boxe' WHEN 2 THEN 'Aqua' ELSE 'Pilates' END, d.day, 20
FROM numbers AS n JOIN days AS d ON d.ago = 3300 - 11 * n.i WHERE n.i <= 300;

CREATE TEMPORARY TABLE first_names (n INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO first_names VALUES
    (0, 'Amélie'), (1, 'Bachir'), (2, 'Clémence'), (3, 'D''Artagnan'), (4, 'Eléa'), (5, 'François'), (6, 'Gwenaëlle'), (7, 'Hugo'), (8, 'Inès 🏊'),
    (9, 'José'), (10, 'Kévin'), (11, 'Lou'), (12, 'Maëlys'), (13, 'Naïm'), (14, 'Ophélie'), (15, 'Pénélope'), (16, 'Quentin'), (17, 'Raphaël'),
    (18, 'Solène'), (19, 'Théo'), (20, 'Ugo'), (21, 'Violette'), (22, 'Wassim'), (23, 'Xuân'), (24, 'Yaël'), (25, 'Zélie'), (26, 'Anne-Lise'),
    (27, 'Bo'), (28, 'Cyprien');
CREATE TEMPORARY TABLE last_names (n INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO last_names VALUES
    (0, 'Aubert'), (1, 'Béranger'), (2, 'Chevalier'), (3, 'D''Ormesson'), (4, 'Esteve'), (5, 'Faure'), (6, 'Gauthier'), (7, 'Haddad'), (8, 'Imbert'),
    (9, 'Joly'), (10, 'Kaci'), (11, 'Le Goff'), (12, 'Marchand'), (13, 'N''Diaye'), (14, 'Ozanne'), (15, 'Petit'), (16, 'Quéré'), (17, 'Renault'),
    (18, 'Saïdi'), (19, 'Tessier'), (20, 'Urbain'), (21, 'Vidal'), (22, 'Weiss');

-- ---------------------------------------------------------------------------
-- Ten members to look at
-- ---------------------------------------------------------------------------

-- 1: due, and with something in every table. 2: as long away, and a client still. 3 owes, 4 has paid too much. 5: a
-- prospect who never came. 6: due, with ten thousand visits. 7: was here last year. 8: like 1, of another club.
-- 9: due, all that can be empty is. 10: due, brought by 1, and has the badge that 1 gave back.
INSERT INTO members (member_id, member_no, club_code, status, civility, first_name, last_name, display_name, email, phone, mobile, address, postal_code, city, country,
                     birth_date, photo, sponsor_id, joined_on, source, remarks)
VALUES
    (1, 'LYO-000001', 'LYO', 'former', 'Mme', 'Margaux', 'Lefèvre-O''Connor', 'Margaux Lefèvre-O''Connor', 'margaux@home.example', '04 72 00 00 01', '+33 6 12 34 56 78',
     '8, quai de l''Étoile', '69002', 'Lyon', 'FR', '1988-02-29', '1/margaux.jpg', NULL, (SELECT day FROM days WHERE ago = 2500), 'Flyer', 'Afraid of the rowing machine 🚣'),
    (2, 'LYO-000002', 'LYO', 'client', 'M.', 'Nino', 'Battisti', 'Nino Battisti', 'nino@home.example', '', '06 00 00 00 02', '2, rue Basse', '69001', 'Lyon', 'FR', '1970-07-07', NULL, 1,
     (SELECT day FROM days WHERE ago = 2500), 'Friend', NULL),
    (3, 'LYO-000003', 'LYO', 'former', 'M.', 'Désiré', 'Dubiteur', 'Désiré Dubiteur', 'desire@home.example', '', '06 00 00 00 03', '3, rue Basse', '69001', 'Lyon', 'FR', NULL, NULL, NULL,
     (SELECT day FROM days WHERE ago = 2500), NULL, NULL),
    (4, 'LYO-000004', 'LYO', 'former', 'Mme', 'Trop', 'Perçue', 'Trop Perçue', 'trop@home.example', '', '06 00 00 00 04', '4, rue Basse', '69001', 'Lyon', 'FR', NULL, NULL, NULL,
     (SELECT day FROM days WHERE ago = 2500), NULL, NULL),
    (5, 'LYO-000005', 'LYO', 'prospect', NULL, 'Jamais', 'Venue', 'Jamais Venue', NULL, '', '', '', NULL, NULL, NULL, NULL, NULL, NULL, (SELECT day FROM days WHERE ago = 2600), 'Web', NULL),
    (6, 'LYO-000006', 'LYO', 'former', 'M.', 'Assidu', 'Dixmille', 'Assidu Dixmille', 'assidu@home.example', '', '06 00 00 00 06', '6, rue Basse', '69001', 'Lyon', 'FR', '1950-01-01', NULL, NULL,
     (SELECT day FROM days WHERE ago = 8000), NULL, NULL),
    (7, 'LYO-000007', 'LYO', 'former', 'Mme', 'Récente', 'Partie', 'Récente Partie', 'recente@home.example', '', '06 00 00 00 07', '7, rue Basse', '69001', 'Lyon', 'FR', NULL, NULL, NULL,
     (SELECT day FROM days WHERE ago = 2500), NULL, NULL),
    (8, 'LIL-000008', 'LIL', 'former', 'Mme', 'Aurélie', 'Duhem', 'Aurélie Duhem', 'aurelie@home.example', '03 20 00 00 08', '06 00 00 00 08', '8, rue du Fil', '59000', 'Lille', 'FR', NULL, NULL, NULL,
     (SELECT day FROM days WHERE ago = 2500), NULL, NULL),
    (9, 'LYO-000009', 'LYO', 'former', '', '', '', '', '', '', '', '', '', '', '', NULL, '', NULL, (SELECT day FROM days WHERE ago = 2500), '', ''),
    (10, 'LYO-000010', 'LYO', 'former', 'M.', 'Parrainé', 'Suivant', 'Parrainé Suivant', 'suivant@home.example', '', '06 00 00 00 10', '10, rue Basse', '69001', 'Lyon', 'FR', NULL, NULL, 1,
     (SELECT day FROM days WHERE ago = 2400), NULL, NULL);

-- ---------------------------------------------------------------------------
-- 290 more: their numbers decide what becomes of them
-- ---------------------------------------------------------------------------

-- Clubs by the remainder of 6, status by that of 5; somebody's last day lies between 60 and 3,060 days ago.
CREATE TEMPORARY TABLE fates (member_id INTEGER NOT NULL PRIMARY KEY, club_code TEXT NOT NULL, last_ago INTEGER NOT NULL);
INSERT INTO fates
SELECT n.i, CASE WHEN n.i % 6 < 3 THEN 'LYO' WHEN n.i % 6 < 5 THEN 'LIL' ELSE 'NCE' END, 60 + (n.i * 29) % 3000 FROM numbers AS n WHERE n.i BETWEEN 11 AND 300;
INSERT INTO members (member_id, member_no, club_code, status, civility, first_name, last_name, display_name, email, phone, mobile, address, postal_code, city, country,
                     birth_date, photo, sponsor_id, joined_on, source, remarks)
SELECT m.member_id, m.club_code || '-' || CAST(100000 + m.member_id AS TEXT), m.club_code,
       CASE m.member_id % 5 WHEN 0 THEN 'client' WHEN 1 THEN 'client' WHEN 4 THEN 'prospect' ELSE 'former' END,
       CASE m.member_id % 3 WHEN 0 THEN 'M.' WHEN 1 THEN 'Mme' END, f.name, l.name, f.name || ' ' || l.name,
       CASE WHEN m.member_id % 9 <> 8 THEN 'member' || CAST(m.member_id AS TEXT) || '@club.example' END,
       CASE m.member_id % 4 WHEN 0 THEN '04 72 10 ' || CAST(10 + m.member_id % 90 AS TEXT) || ' ' || CAST(10 + m.member_id / 4 AS TEXT) ELSE '' END,
       CASE WHEN m.member_id % 7 < 6 THEN '+33 6 20 30 ' || CAST(1000 + m.member_id AS TEXT) ELSE '' END,
       CAST(m.member_id AS TEXT) || ', rue du Stade', CASE m.club_code WHEN 'LYO' THEN '69003' WHEN 'LIL' THEN '59800' ELSE '06000' END,
       c.city, 'FR', CASE WHEN m.member_id % 8 <> 0 THEN b.day END,
       CASE m.member_id % 10 WHEN 2 THEN CAST(m.member_id AS TEXT) || '/portrait.jpg' WHEN 3 THEN '' END,
       CASE m.member_id % 11 WHEN 0 THEN m.member_id - 1 END, d.day,
       CASE m.member_id % 3 WHEN 0 THEN 'Web' WHEN 1 THEN 'Friend' END,
       CASE m.member_id % 13 WHEN 0 THEN f.name || ' prefers the morning' WHEN 1 THEN '' END
FROM fates AS m
JOIN clubs AS c ON c.club_code = m.club_code
JOIN first_names AS f ON f.n = m.member_id % 29
JOIN last_names AS l ON l.n = m.member_id % 23
JOIN days AS b ON b.ago = 6600 + (m.member_id * 7) % 2400
JOIN days AS d ON d.ago = m.last_ago + CASE WHEN m.member_id % 5 = 4 THEN 0 ELSE 400 + m.member_id % 200 END;
-- Prospects are there once; the others came, booked, bought and paid.
INSERT INTO fates VALUES (1, 'LYO', 1300), (2, 'LYO', 1300), (3, 'LYO', 1300), (4, 'LYO', 1300), (7, 'LYO', 300), (8, 'LIL', 1300), (10, 'LYO', 1400);

INSERT INTO member_accounts SELECT m.member_id, CASE WHEN m.member_id = 3 THEN -49.90 WHEN m.member_id = 4 THEN 12 WHEN m.member_id > 10 AND m.member_id % 17 = 0 THEN -25.50 WHEN m.member_id > 10 AND m.member_id % 19 = 0 THEN 0.01 ELSE 0 END
FROM members AS m WHERE m.member_id <> 5;

INSERT INTO consents SELECT m.member_id, 'email', m.member_id % 4 <> 3, d.day FROM members AS m JOIN days AS d ON d.ago = 1500 WHERE m.member_id NOT IN (5, 9);
INSERT INTO consents SELECT m.member_id, 'sms', m.member_id % 2 = 1, NULL FROM members AS m WHERE m.member_id NOT IN (5, 9);
INSERT INTO consents VALUES (1, 'phone', TRUE, NULL), (1, 'post', TRUE, NULL), (1, 'push', FALSE, NULL), (1, 'partners', TRUE, NULL);

INSERT INTO emergency_contacts SELECT m.member_id, m.member_id, 'Mother of ' || m.first_name, '06 99 00 ' || CAST(1000 + m.member_id AS TEXT) FROM members AS m WHERE m.member_id = 1 OR m.member_id > 10 AND m.member_id % 6 = 2;
INSERT INTO health_answers SELECT m.member_id, 'heart', CASE m.member_id % 4 WHEN 0 THEN 'yes, since 2011' ELSE 'no' END FROM members AS m WHERE m.member_id NOT IN (5, 9) AND m.member_id % 3 = 1;
INSERT INTO health_answers VALUES (1, 'knees', 'left one, after skiing ⛷'), (9, 'heart', NULL);
INSERT INTO mandates SELECT 'RUM-' || CAST(1000 + m.member_id AS TEXT), m.member_id, m.display_name, 'FR76 3000 4000 0500 00' || CAST(100000 + m.member_id AS TEXT), m.joined_on, m.status = 'client'
FROM members AS m WHERE m.member_id NOT IN (5, 9) AND m.member_id % 5 < 3;
INSERT INTO staff_notes SELECT m.member_id, m.member_id, m.display_name || ' called, ' || CASE m.member_id % 2 WHEN 0 THEN 'very cross' ELSE 'very pleased 🙂' END, d.day
FROM members AS m JOIN days AS d ON d.ago = 1250 + m.member_id WHERE m.member_id = 1 OR m.member_id > 10 AND m.member_id % 8 = 3;
INSERT INTO messages SELECT m.member_id, m.member_id, 'email', m.email, 'Your year at the club, ' || m.first_name, d.day FROM members AS m JOIN days AS d ON d.ago = 1200 + m.member_id WHERE m.email <> '' AND m.member_id % 2 = 1;
INSERT INTO app_logins SELECT m.member_id, m.email, 'Phone of ' || m.first_name, d.day FROM members AS m JOIN days AS d ON d.ago = 1100 + m.member_id WHERE m.email <> '' AND m.member_id % 3 = 1;

-- 1 had badge 9001, gave it back, and got 9002 and 9003. 9001 is 10's by now. 9004 lies in the drawer.
INSERT INTO badges VALUES ('9001', 10, TRUE, TRUE), ('9002', 1, TRUE, TRUE), ('9003', 1, FALSE, TRUE), ('9004', NULL, FALSE, TRUE);
INSERT INTO badges SELECT CAST(10000 + m.member_id AS TEXT), m.member_id, m.status = 'client', TRUE FROM members AS m WHERE m.member_id > 10 AND m.status <> 'prospect';

-- ---------------------------------------------------------------------------
-- What members do
-- ---------------------------------------------------------------------------

INSERT INTO visits SELECT 10 * f.member_id + n.i, f.member_id, f.club_code, d.day
FROM fates AS f JOIN numbers AS n ON n.i <= 3 JOIN days AS d ON d.ago = f.last_ago + 30 * n.i - 30 WHERE f.member_id % 5 <> 4 OR f.member_id = 4;
INSERT INTO visits SELECT 100000 + n.i, 6, 'LYO', d.day FROM numbers AS n JOIN days AS d ON d.ago = 1200 + n.i % 5000;

INSERT INTO bookings SELECT f.member_id, f.member_id, 1 + f.member_id % 300, b.day, d.day,
       CASE f.member_id % 3 WHEN 0 THEN 'attended' WHEN 1 THEN 'missed' ELSE 'cancelled' END, CASE f.member_id % 9 WHEN 1 THEN 'Next to ' || m.display_name WHEN 2 THEN '' END
FROM fates AS f JOIN members AS m ON m.member_id = f.member_id JOIN days AS b ON b.ago = f.last_ago + 12 JOIN days AS d ON d.ago = f.last_ago + 10
WHERE f.member_id = 1 OR f.member_id % 5 <> 4 AND f.member_id % 3 < 2;

INSERT INTO subscriptions SELECT f.member_id, f.member_id, CASE f.member_id % 2 WHEN 0 THEN 'YEAR' ELSE 'MONTH' END, b.day, e.day
FROM fates AS f JOIN days AS b ON b.ago = f.last_ago + 370 JOIN days AS e ON e.ago = f.last_ago + 5 WHERE f.member_id % 5 <> 4;
INSERT INTO sales SELECT f.member_id, f.member_id, f.club_code, d.day, 51.50, 'Karim' FROM fates AS f JOIN days AS d ON d.ago = f.last_ago + 20 WHERE f.member_id % 5 <> 4 AND (f.member_id < 11 OR f.member_id % 4 < 3);
INSERT INTO sale_lines SELECT s.sale_id, 1, 'SMALL', 'Petit matin', 49 FROM sales AS s;
INSERT INTO sale_lines SELECT s.sale_id, 2, 'WATER', 'Bottle', 2.50 FROM sales AS s;
INSERT INTO instalments SELECT 10 * f.member_id + n.i, f.member_id, d.day, 49.90, f.member_id <> 3
FROM fates AS f JOIN numbers AS n ON n.i <= 4 JOIN days AS d ON d.ago = f.last_ago + 30 * n.i WHERE f.member_id % 5 <> 4 AND f.member_id % 2 = 1;

-- ---------------------------------------------------------------------------
-- What is filed
-- ---------------------------------------------------------------------------

INSERT INTO invoices SELECT 'F-' || CAST(10000 + s.sale_id AS TEXT), s.member_id, s.sale_id, s.sold_on, m.display_name, m.address || ', ' || m.city, s.total
FROM sales AS s JOIN members AS m ON m.member_id = s.member_id;
INSERT INTO documents SELECT m.member_id, m.member_id, 'Contract of ' || m.display_name, 'I, ' || m.display_name || ', ' || m.address || ', have read the rules of the club. ✍', m.joined_on
FROM members AS m WHERE m.member_id NOT IN (5, 9) AND m.status <> 'prospect';
INSERT INTO member_history SELECT 10 * m.member_id + 1, m.member_id, m.joined_on, 'File made for ' || m.display_name FROM members AS m;
INSERT INTO member_history SELECT 10 * m.member_id + 2, m.member_id, d.day, 'Mail address changed to ' || m.email FROM members AS m JOIN days AS d ON d.ago = 1350 WHERE m.member_id = 1 OR m.member_id % 12 = 2 AND m.email <> '';

DROP TABLE fates;
DROP TABLE numbers;
DROP TABLE first_names;
DROP TABLE last_names;
