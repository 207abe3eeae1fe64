-- Some 300 made-up customers of a shop for glasses and hearing aids.
--
-- It needs a temporary table `days (ago INTEGER, day DATE)` with the last 9,000
-- days and the next 400, and runs on SQLite and PostgreSQL alike. Nobody in it
-- exists, and no mail address in it can be reached.
--
-- Customers 1001 to 1288 are made by rule; what is left of their number less 1000
-- after division by 12 says what becomes of them:
--   0, 1  nothing happened for more than ten years: anonymized by period
--   2     came last year
--   3     was last here more than ten years ago, and the case is still open
--   4     likewise, and the invoice was never paid
--   5     likewise, and the insurer never settled the claim
--   6     likewise, and paid a deposit that nobody asked for again
--   7     likewise, and never brought the hearing aid back
--   8     likewise, and has an appointment to come
--   9     status `deleted`, three years ago
--   10    status `deceased`, three years ago
--   11    a prospect who never bought anything; every second one long ago
-- 1301 to 1312, at the end, are the awkward ones.

INSERT INTO branches VALUES (1, 'Am Markt', 'Jena'), (2, 'Bahnhof', 'Weimar');
INSERT INTO staff VALUES
    (1, 1, 'Käthe Muster', 'administrator'), (2, 1, 'Ole Probe', 'optician'), (3, 2, 'Mia Probe', 'acoustician');
INSERT INTO doctors VALUES (1, 'Dr. Augst', 'eyes'), (2, 'Dr. Ohrlieb', 'ears');
INSERT INTO insurers VALUES (1, 'Muster-Kasse'), (2, 'Probe BKK');
INSERT INTO articles VALUES
    (1, 'Frame "Saale"', 'frame', 12900), (2, 'Lens, single vision', 'lens', 8900), (3, 'Hearing aid H7', 'hearing aid', 149900),
    (4, 'Batteries, six', 'battery', 690), (5, 'Contact lenses, 30', 'contact lens', 2990), (6, 'Adjustment', 'service', 0);

CREATE TEMPORARY TABLE people (i INTEGER, title TEXT, first_name TEXT, last_name TEXT, sex TEXT, born DATE, street TEXT, post_code TEXT, city TEXT);
INSERT INTO people VALUES
    (0, NULL, 'Änne', 'Großkopf', 'f', '1938-01-31', 'Weg am Übungsplatz', '07743', 'Jena'),
    (1, 'Dr.', 'Björn', 'O''Leary', 'm', '1951-12-31', 'Beispielstraße', '07745', 'Jena'),
    (2, NULL, 'Cem', 'Yıldız', 'm', '1956-02-29', 'Probegasse', '99423', 'Weimar'),
    (3, '', 'Dörte', 'von der "Alten" Mühle', 'f', '1960-07-08', 'Musterallee', '99425', 'Weimar'),
    (4, NULL, 'Emil', 'Süß', 'm', '1972-02-29', 'Beispielstraße', '07743', 'Jena'),
    (5, 'Prof.', 'Fatou', 'N''Dour', 'f', '1985-05-05', 'Probegasse', '99510', 'Apolda'),
    (6, NULL, 'Grete', 'Hänsel', 'f', NULL, 'Musterallee', '99084', 'Erfurt'),
    (7, NULL, 'Hồng', 'Nguyễn', 'x', '1990-10-10', 'Weg am Übungsplatz', '07747', 'Jena'),
    (8, NULL, 'Ilja', 'Иванов', NULL, '2001-09-09', 'Beispielstraße', '10115', 'Berlin'),
    (9, NULL, 'Jo', 'Ä', 'f', '1929-06-30', 'Probegasse', NULL, NULL);

-- kind is what is left after division by 12, last how many days ago the customer was here.
CREATE TEMPORARY TABLE fates (no INTEGER, n INTEGER, kind INTEGER, last INTEGER);
INSERT INTO fates
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 288)
SELECT 1000 + n, n, n % 12,
    CASE WHEN n % 12 IN (0, 1, 3, 4, 5, 6, 7, 8) THEN 3700 + (n * 11) % 2000
         WHEN n % 12 = 2 THEN 330 + n % 60
         WHEN n % 12 = 11 THEN CASE WHEN n % 24 = 11 THEN 3800 ELSE 900 END
         ELSE 1000 + n % 200 END
FROM numbers;

INSERT INTO customers
    (customer_no, branch_no, status, salutation, title, first_name, last_name, display_name, birth_date, sex, street,
     post_code, city, profession, insurer_no, insured_no, health_remark, registered_on)
SELECT f.no, 1 + n % 2,
    CASE kind WHEN 9 THEN 'deleted' WHEN 10 THEN 'deceased' WHEN 11 THEN 'prospect' ELSE 'active' END,
    CASE sex WHEN 'f' THEN 'Frau' WHEN 'm' THEN 'Herr' END,
    p.title, p.first_name, p.last_name,
    CASE WHEN COALESCE(p.title, '') <> '' THEN p.title || ' ' ELSE '' END || p.first_name || ' ' || p.last_name,
    p.born, p.sex, p.street || ' ' || CAST(n AS TEXT), p.post_code, p.city,
    CASE WHEN n % 3 = 0 THEN 'Teacher' WHEN n % 3 = 1 THEN '' END,
    1 + n % 2, CASE WHEN n % 4 <> 0 THEN 'A' || CAST(123000000 + n * 37 AS TEXT) END,
    CASE WHEN n % 6 = 0 THEN 'Glaucoma in the family' END,
    registered.day
FROM fates AS f
JOIN people AS p ON p.i = n % 10
JOIN days AS registered ON registered.ago = last + 30;

INSERT INTO contact_points (customer_no, kind, value, remark)
SELECT no, 'phone', '+49 3641 55' || CAST(10000 + n AS TEXT), CASE WHEN n % 9 = 0 THEN 'of the neighbour' END FROM fates;
INSERT INTO contact_points (customer_no, kind, value)
SELECT no, 'email', 'kunde' || CAST(n AS TEXT) || '@post.example' FROM fates WHERE n % 2 = 0;
INSERT INTO consents
SELECT f.no, 'letter', n % 3 <> 0, d.day FROM fates AS f JOIN days AS d ON d.ago = last;
INSERT INTO consents
SELECT f.no, 'email', n % 4 = 0, d.day FROM fates AS f JOIN days AS d ON d.ago = last WHERE n % 2 = 0;

INSERT INTO prescriptions
SELECT f.no, f.no, 1 + n % 2, d.day, CASE WHEN n % 2 = 0 THEN 'Myopia' ELSE 'Presbycusis' END
FROM fates AS f JOIN days AS d ON d.ago = last WHERE kind <> 11;
INSERT INTO refractions
SELECT f.no, f.no, 2, d.day, '-1.25 / -0.50 / 90', CASE WHEN n % 8 <> 0 THEN '-1.00' END
FROM fates AS f JOIN days AS d ON d.ago = last WHERE kind <> 11 AND n % 2 = 0;
INSERT INTO audiograms
SELECT f.no, f.no, 3, d.day, '{"right": {"1000": 35, "4000": 60}}'
FROM fates AS f JOIN days AS d ON d.ago = last WHERE kind <> 11 AND n % 2 = 1;

INSERT INTO cases
SELECT 5000 + n, f.no, 1 + n % 2, CASE WHEN n % 2 = 0 THEN 'glasses' ELSE 'hearing aid' END,
    CASE WHEN kind = 3 THEN CASE n % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'ordered' ELSE 'ready' END
         WHEN n % 29 = 0 THEN 'cancelled' ELSE 'delivered' END,
    d.day, CASE WHEN kind <> 3 THEN closed.day END,
    CASE WHEN n % 3 = 0 THEN 'Wants them back before the holidays with ' || p.first_name END
FROM fates AS f JOIN people AS p ON p.i = n % 10 JOIN days AS d ON d.ago = last JOIN days AS closed ON closed.ago = last - 14
WHERE kind <> 11;

INSERT INTO supplier_orders
SELECT 7000 + n, 5000 + n, 'Manufacturer ' || CAST(1 + n % 3 AS TEXT), p.last_name || ', ' || p.first_name || ' ' || CAST(f.no AS TEXT), d.day
FROM fates AS f JOIN people AS p ON p.i = n % 10 JOIN days AS d ON d.ago = last - 1
WHERE kind <> 11;
INSERT INTO devices
SELECT f.no, f.no, 3, 'SN-' || CAST(880000 + n AS TEXT), d.day FROM fates AS f JOIN days AS d ON d.ago = last - 14
WHERE kind <> 11 AND n % 2 = 1;
INSERT INTO device_loans
SELECT f.no, f.no, 3, d.day, CASE WHEN kind <> 7 THEN back.day END
FROM fates AS f JOIN days AS d ON d.ago = last JOIN days AS back ON back.ago = last - 7
WHERE kind = 7 OR n % 10 = 3;

INSERT INTO quotes
SELECT 'A-' || CAST(100000 + n AS TEXT), 5000 + n, c.customer_no, k.opened_on, c.display_name, c.street || ', ' || c.city, 21800
FROM fates AS f JOIN customers AS c ON c.customer_no = f.no JOIN cases AS k ON k.case_no = 5000 + n;
INSERT INTO quote_lines SELECT quote_no, 1, 1, 'Frame', 12900 FROM quotes;
INSERT INTO quote_lines SELECT quote_no, 2, 2, 'Engraved "' || recipient_name || '"', 8900 FROM quotes WHERE quote_no LIKE '%6';

INSERT INTO invoices
SELECT 'R-' || CAST(100000 + n AS TEXT), 5000 + n, c.customer_no, c.customer_no,
    CASE WHEN kind = 4 THEN CASE WHEN n % 24 < 12 THEN 'open' ELSE 'reminded' END WHEN n % 31 = 0 THEN 'cancelled' ELSE 'paid' END,
    d.day, c.display_name, c.display_name, c.street || ', ' || c.city, 18319, 3481, 21800
FROM fates AS f JOIN customers AS c ON c.customer_no = f.no JOIN days AS d ON d.ago = last - 14
WHERE kind NOT IN (3, 11);
INSERT INTO invoice_lines SELECT invoice_no, 1, CASE WHEN invoice_no LIKE '%2' THEN 5 ELSE 3 END, 'As ordered', total_cents FROM invoices;
INSERT INTO invoice_lines SELECT invoice_no, 2, 6, 'Adjusted for ' || wearer_name, 0 FROM invoices WHERE invoice_no LIKE '%4';
INSERT INTO payments
SELECT CAST(substr(invoice_no, 3) AS INTEGER), invoice_no, issued_on, CASE WHEN invoice_no LIKE '%5' THEN 'cash' ELSE 'transfer' END, total_cents,
    CASE WHEN invoice_no LIKE '%5' THEN NULL ELSE 'Rechnung ' || invoice_no || ' ' || payer_name END
FROM invoices WHERE state = 'paid';
INSERT INTO deposits
SELECT f.no, f.no, d.day, 5000, kind <> 6 FROM fates AS f JOIN days AS d ON d.ago = last WHERE kind IN (0, 6);
INSERT INTO insurance_claims
SELECT f.no, 5000 + n, c.insurer_no, c.insured_no,
    CASE WHEN kind = 5 THEN CASE WHEN n % 24 < 12 THEN 'submitted' ELSE 'queried' END WHEN n % 5 = 0 THEN 'refused' ELSE 'settled' END, 78400
FROM fates AS f JOIN customers AS c ON c.customer_no = f.no WHERE kind = 5 OR n % 2 = 1 AND kind <> 11;

INSERT INTO appointments
SELECT f.no, f.no, 2 + n % 2, d.day, CASE WHEN n % 2 = 0 THEN 'eye test' ELSE 'hearing test' END,
    CASE WHEN n % 7 = 0 THEN 'missed' WHEN n % 7 = 1 THEN 'booked' ELSE 'kept' END, CASE WHEN n % 5 = 0 THEN 'comes with ' || p.first_name END
FROM fates AS f JOIN people AS p ON p.i = n % 10 JOIN days AS d ON d.ago = last WHERE kind <> 11;
INSERT INTO appointments
SELECT 3000 + n, f.no, 2, d.day, 'fitting', 'booked', NULL FROM fates AS f JOIN days AS d ON d.ago = -1 * (n % 90) WHERE kind = 8;
INSERT INTO recalls
SELECT f.no, f.no, d.day, CASE WHEN n % 2 = 0 THEN 'open' ELSE 'done' END, 'Ask ' || p.first_name || ' how it fits'
FROM fates AS f JOIN people AS p ON p.i = n % 10 JOIN days AS d ON d.ago = last - 100 WHERE kind <> 11;
INSERT INTO letters (customer_no, written_on, subject, body)
SELECT c.customer_no, d.day, 'Your glasses are ready', 'Guten Tag ' || c.display_name || ', …'
FROM fates AS f JOIN customers AS c ON c.customer_no = f.no JOIN days AS d ON d.ago = last - 10 WHERE kind <> 11;
INSERT INTO notes
SELECT f.no, 'customer', f.no, 2, c.display_name || ' prefers mornings' FROM fates AS f JOIN customers AS c ON c.customer_no = f.no WHERE n % 2 = 0;
INSERT INTO notes
SELECT 3000 + n, 'case', 5000 + n, 3, 'Rang up ' || c.display_name FROM fates AS f JOIN customers AS c ON c.customer_no = f.no WHERE n % 3 = 0 AND kind <> 11;
INSERT INTO notes VALUES (9001, 'article', 3, 3, 'Order no more of these'), (9002, 'article', 1, 2, 'Hinge breaks');

INSERT INTO mailings SELECT 1, 'Winter letter', day FROM days WHERE ago = 3600;
INSERT INTO mailings VALUES (2, 'Spring letter', NULL);
INSERT INTO mailing_recipients
SELECT 1, f.no, c.display_name || ', ' || COALESCE(c.street, ''), CASE WHEN n % 6 = 1 THEN 'answered' ELSE 'sent' END
FROM fates AS f JOIN customers AS c ON c.customer_no = f.no WHERE last > 3600;
INSERT INTO mailing_recipients
SELECT 2, f.no, c.display_name || ', ' || COALESCE(c.street, ''), 'planned' FROM fates AS f JOIN customers AS c ON c.customer_no = f.no WHERE n % 3 <> 0;
INSERT INTO selections SELECT 1, 'Asked to be forgotten', 1, day FROM days WHERE ago = 5;
INSERT INTO selections SELECT 2, 'Who needs batteries?', 3, day FROM days WHERE ago = 40;
INSERT INTO selection_entries SELECT 1, no FROM fates WHERE n BETWEEN 120 AND 131;
INSERT INTO selection_entries SELECT 2, no FROM fates WHERE n % 5 < 2;

-- --- The awkward ones ----------------------------------------------------------

INSERT INTO customers
    (customer_no, branch_no, status, first_name, last_name, display_name, birth_date, sex, street, post_code, city, registered_on, anonymized, anonymized_on)
VALUES
    -- nothing but the row itself, eleven years old
    (1301, 1, 'prospect', 'Zoë "Zed"', 'D''Aulnoy 🦻', 'Zoë "Zed" D''Aulnoy 🦻', '1996-02-29', 'x', '', '', '', (SELECT day FROM days WHERE ago = 4100), FALSE, NULL),
    -- ten thousand letters, the last of them long ago
    (1302, 1, 'active', 'Viola', 'Vielpost', 'Viola Vielpost', '1950-01-01', 'f', 'Musterallee 2', '07743', 'Jena', (SELECT day FROM days WHERE ago = 8000), FALSE, NULL),
    -- a parent who pays for a child: the parent goes first here, the child there
    (1303, 1, 'active', 'Ruth', 'Zweig', 'Ruth Zweig', '1975-05-05', 'f', 'Probegasse 3', '07743', 'Jena', (SELECT day FROM days WHERE ago = 2000), FALSE, NULL),
    (1304, 1, 'active', 'Lotte', 'Zweig', 'Lotte Zweig', '2015-05-05', 'f', 'Probegasse 3', '07743', 'Jena', (SELECT day FROM days WHERE ago = 2000), FALSE, NULL),
    (1305, 2, 'active', 'Paul', 'Ast', 'Paul Ast', '1975-05-05', 'm', 'Probegasse 5', '99423', 'Weimar', (SELECT day FROM days WHERE ago = 2000), FALSE, NULL),
    (1306, 2, 'active', 'Nils', 'Ast', 'Nils Ast', '2015-05-05', 'm', 'Probegasse 5', '99423', 'Weimar', (SELECT day FROM days WHERE ago = 2000), FALSE, NULL),
    -- refused for everything at once
    (1307, 1, 'active', 'Otto', 'Offen', 'Otto Offen', '1944-12-31', 'm', 'Probegasse 7', '07743', 'Jena', (SELECT day FROM days WHERE ago = 5000), FALSE, NULL),
    -- anonymized two years ago
    (1308, 1, 'anonymized', NULL, 'Kunde anonymisiert', 'Kunde anonymisiert', '1940-01-01', 'm', NULL, '07', NULL, (SELECT day FROM days WHERE ago = 6000), TRUE, (SELECT day FROM days WHERE ago = 730)),
    -- nothing but a hearing aid, whose serial number is kept
    (1309, 1, 'active', 'Jona', 'Fehlgriff', 'Jona Fehlgriff', '1960-06-06', 'm', 'Probegasse 9', '07743', 'Jena', (SELECT day FROM days WHERE ago = 4200), FALSE, NULL),
    -- nothing filled in that need not be
    (1310, 2, 'active', NULL, 'Kurz', 'Kurz', NULL, NULL, NULL, NULL, NULL, (SELECT day FROM days WHERE ago = 4200), FALSE, NULL),
    -- deleted and deceased, long ago: both still in the search
    (1311, 1, 'deleted', 'Dora', 'Weg', 'Dora Weg', '1930-03-03', 'f', 'Probegasse 11', '07743', 'Jena', (SELECT day FROM days WHERE ago = 4200), FALSE, NULL),
    (1312, 1, 'deceased', 'Theo', 'Weg', 'Theo Weg', '1929-03-03', 'm', 'Probegasse 11', '07743', 'Jena', (SELECT day FROM days WHERE ago = 4200), FALSE, NULL);

INSERT INTO customer_relations VALUES
    (1303, 1304, 'parent'), (1304, 1303, 'child'), (1305, 1306, 'parent'), (1306, 1305, 'child'), (1311, 1312, 'spouse'), (1002, 1014, 'spouse');
INSERT INTO contact_points (customer_no, kind, value) VALUES (1303, 'email', 'ruth@zweig.example'), (1307, 'phone', '+49 3641 5599307');
INSERT INTO letters (customer_no, written_on, subject, body)
WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 10000)
SELECT 1302, d.day, 'Letter ' || CAST(n AS TEXT), 'Liebe Viola Vielpost, …' FROM many JOIN days AS d ON d.ago = 4000 + n % 4000;

INSERT INTO cases VALUES
    (9304, 1304, 1, 'glasses', 'delivered', (SELECT day FROM days WHERE ago = 700), (SELECT day FROM days WHERE ago = 690), NULL),
    (9306, 1306, 2, 'hearing aid', 'delivered', (SELECT day FROM days WHERE ago = 700), (SELECT day FROM days WHERE ago = 690), NULL),
    (9307, 1307, 1, 'repair', 'open', (SELECT day FROM days WHERE ago = 4000), NULL, 'Otto Offen calls every week');
INSERT INTO invoices VALUES
    ('R-901304', 9304, 1304, 1303, 'paid', (SELECT day FROM days WHERE ago = 690), 'Lotte Zweig', 'Ruth Zweig', 'Probegasse 3, Jena', 18319, 3481, 21800),
    ('R-901306', 9306, 1306, 1305, 'paid', (SELECT day FROM days WHERE ago = 690), 'Nils Ast', 'Paul Ast', 'Probegasse 5, Weimar', 18319, 3481, 21800),
    ('R-901307', 9307, 1307, 1307, 'open', (SELECT day FROM days WHERE ago = 4000), 'Otto Offen', 'Otto Offen', 'Probegasse 7, Jena', 840, 160, 1000);
INSERT INTO invoice_lines VALUES ('R-901304', 1, 1, 'Frame for Lotte Zweig, paid by Ruth Zweig', 21800), ('R-901306', 1, 3, 'Hearing aid', 21800), ('R-901307', 1, 6, 'Repair', 1000);
INSERT INTO deposits VALUES (9307, 1307, (SELECT day FROM days WHERE ago = 4000), 500, FALSE);
INSERT INTO insurance_claims VALUES (9307, 9307, 1, 'A999', 'queried', 500);
INSERT INTO device_loans VALUES (9307, 1307, 3, (SELECT day FROM days WHERE ago = 4000), NULL);
INSERT INTO appointments VALUES (9307, 1307, 2, (SELECT day FROM days WHERE ago = 0), 'collection', 'booked', 'brings cake');
INSERT INTO devices VALUES (9309, 1309, 3, 'SN-9309', (SELECT day FROM days WHERE ago = 4100));
INSERT INTO selection_entries VALUES (1, 1301), (1, 1303), (1, 1307), (1, 1308), (1, 1309);

DROP TABLE fates;
DROP TABLE people;
