-- Some 300 made-up customers of a merchant who sells software by subscription.
--
-- It needs a temporary table `days (ago INTEGER, day DATE)` with the last 9,000
-- days and the next 400, and runs on SQLite and PostgreSQL alike. Nobody in it
-- exists, and no mail address in it can be reached.
--
-- CUST-0001 to CUST-0288 are made by rule; what is left of their number after
-- division by 12 says what becomes of them:
--   0, 1     asked, and nothing is open: anonymized
--   2        left years ago, and did not ask
--   3        asked, but a subscription is running
--   4        asked, but an invoice is late or waits for payment
--   5        asked, but the balance is not empty
--   6        asked for a day to come
--   7        uses what the software offers every day
--   8        no invoice for more than ten years: anonymized by period
--   9        none either, but the last one was never paid
--   10       asked, and never got further than putting a subscription together
--   11       was invoiced a few months ago for the last time, and did not ask
-- Every second of each kind is a company. CUST-0301 to CUST-0314, at the end, are
-- the awkward ones.

INSERT INTO segments VALUES ('FR', 'France', 'EUR'), ('EU', 'Other countries', 'EUR'), ('CH', 'Switzerland', 'CHF');
INSERT INTO taxes VALUES ('FR20', 'TVA 20 %', 200), ('NONE', 'Reverse charge', 0);
INSERT INTO features VALUES
    ('SEATS', 'Seats', 'limitation'), ('MAILS', 'Mails sent', 'consumption'), ('API', 'Programming interface', 'on_off');
INSERT INTO offers VALUES
    ('BASIC', 'FR', 'Basic', 1, 900, 'FR20', TRUE), ('TEAM', 'FR', 'Team', 1, 4900, 'FR20', TRUE),
    ('TEAM-EU', 'EU', 'Team', 1, 4900, 'NONE', TRUE), ('FOUNDER', 'FR', 'Founder', 12, 9900, 'FR20', FALSE);
INSERT INTO offer_features VALUES
    ('BASIC', 'SEATS', 1, 0), ('TEAM', 'SEATS', 10, 400), ('TEAM', 'MAILS', NULL, 1), ('TEAM-EU', 'SEATS', 10, 400),
    ('FOUNDER', 'API', NULL, 0);
INSERT INTO discounts VALUES ('WELCOME', 'Ten percent for newcomers', 100, NULL);
INSERT INTO agents (login, role) VALUES ('claire@merchant.example', 'owner'), ('samir@merchant.example', 'support');
INSERT INTO webhooks (webhook_id, url) VALUES (1, 'https://app.merchant.example/hooks'), (2, 'https://crm.merchant.example/in');

CREATE TEMPORARY TABLE people (i INTEGER, first_name TEXT, last_name TEXT, company TEXT, city TEXT, post_code TEXT, country TEXT);
INSERT INTO people VALUES
    (0, 'Anaïs', 'Lefèvre', 'Atelier Lefèvre SARL', 'Lyon', '69002', 'FR'),
    (1, 'Bruno', 'O''Connell', 'O''Connell & Fils', 'Nantes', '44000', 'FR'),
    (2, 'Chloé', 'Dupont', 'Fleurs "Dupont"', 'Lille', '59800', 'FR'),
    (3, 'Dirk', 'Vandenberghe', 'Vandenberghe BV', 'Gent', '9000', 'BE'),
    (4, 'Élodie', 'N''Diaye', 'N''Diaye Conseil', 'Paris', '75011', 'FR'),
    (5, 'Farid', 'Benali', 'Benali Transports', 'Marseille', '13006', 'FR'),
    (6, 'Giulia', 'D''Angelo', 'D''Angelo Srl', 'Torino', '10121', 'IT'),
    (7, 'Hélène', 'Saint-Exupère', 'Cabinet Saint-Exupère', 'Rennes', '35000', 'FR'),
    (8, 'Ingrid', 'Müller', 'Müller GmbH', 'Basel', '4051', 'CH'),
    (9, 'Jules', 'Ørsted', 'Ørsted Design 🎨', 'Strasbourg', '67000', 'FR');

-- n is the customer's number, kind what is left after division by 12, firm
-- whether it is a company, asked and made how many days ago that was.
CREATE TEMPORARY TABLE fates (n INTEGER, kind INTEGER, firm INTEGER, asked INTEGER, made INTEGER);
INSERT INTO fates
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 288)
SELECT n, n % 12, (n / 12) % 2,
    CASE WHEN n % 12 IN (0, 1, 3, 4, 5, 10) THEN (n * 7) % 300
         WHEN n % 12 = 6 THEN -1 - n % 390 END,
    CASE WHEN n % 12 IN (8, 9) THEN 5200 + (n * 11) % 2000 ELSE CASE WHEN n % 12 = 11 THEN 400 ELSE 400 + (n * 13) % 2500 END END
FROM numbers;

INSERT INTO customers
    (reference, name, email, language, segment_code, billing_company, billing_first_name, billing_last_name,
     billing_phone, billing_line_1, billing_line_2, billing_post_code, billing_city, billing_region, billing_country,
     tax_number, discount_code, grey_listed, created_on, anonymize_on)
SELECT
    'CUST-' || substr(CAST(10000 + n AS TEXT), 2),
    p.first_name || ' ' || p.last_name,
    CASE WHEN n % 17 = 0 THEN NULL WHEN n % 19 = 0 THEN ''
         ELSE 'customer' || CAST(1000 + n AS TEXT) || '@mail' || CAST(n % 5 AS TEXT) || '.example' END,
    CASE p.country WHEN 'FR' THEN 'fr' WHEN 'IT' THEN 'it' ELSE 'en' END,
    CASE p.country WHEN 'FR' THEN 'FR' WHEN 'CH' THEN 'CH' ELSE 'EU' END,
    CASE WHEN firm = 1 THEN p.company || ' ' || CAST(n AS TEXT) WHEN n % 3 = 0 THEN '' END,
    p.first_name,
    p.last_name,
    CASE WHEN n % 13 <> 0 THEN '+33 6 55 ' || substr(CAST(10000 + n AS TEXT), 2, 2) || ' ' || substr(CAST(10000 + n AS TEXT), 4) END,
    CAST(1 + n % 180 AS TEXT) || ', rue des Essais',
    CASE WHEN n % 4 = 0 THEN 'Bâtiment B' WHEN n % 4 = 1 THEN '' END,
    p.post_code,
    p.city,
    CASE WHEN n % 6 = 0 THEN 'Région d''à côté' END,
    p.country,
    CASE WHEN firm = 1 AND p.country = 'FR' THEN 'FR' || CAST(10000000000 + n * 7919 AS TEXT) END,
    CASE WHEN n % 8 = 0 THEN 'WELCOME' END,
    n % 50 = 0,
    made.day,
    asked.day
FROM fates
JOIN people AS p ON p.i = n % 10
JOIN days AS made ON made.ago = fates.made
LEFT JOIN days AS asked ON asked.ago = fates.asked;

UPDATE customers SET metadata = '{"plan_of_app":"blue","tags":["trial","newsletter"]}' WHERE reference LIKE '%3';
UPDATE customers SET metadata = '{"nickname":"Zébulon","seats_wished":4}' WHERE reference LIKE '%7';
UPDATE customers SET metadata = '{}' WHERE reference LIKE '%9';

INSERT INTO payment_methods
SELECT 'pm-' || substr(CAST(100000 + n AS TEXT), 2), 'CUST-' || substr(CAST(10000 + n AS TEXT), 2),
    CASE WHEN n % 3 = 0 THEN 'sepa' ELSE 'card' END,
    CASE WHEN n % 3 = 0 THEN 'Account ending in 0' || CAST(n % 10 AS TEXT) ELSE 'Card ending in 42' || CAST(10 + n % 90 AS TEXT) END,
    'tok_' || CAST(n * 104729 AS TEXT), expires.day
FROM fates LEFT JOIN days AS expires ON expires.ago = n - 300
WHERE kind <> 10;

-- Subscriptions: one that was used, and for some one that was never started.
INSERT INTO subscriptions
SELECT 'sub-' || substr(CAST(100000 + n AS TEXT), 2), 'CUST-' || substr(CAST(10000 + n AS TEXT), 2),
    'CUST-' || substr(CAST(10000 + n AS TEXT), 2),
    CASE WHEN n % 10 IN (3, 6, 8) THEN 'TEAM-EU' WHEN n % 2 = 0 THEN 'TEAM' ELSE 'BASIC' END,
    CASE WHEN n % 5 = 0 THEN 'For customer' || CAST(1000 + n AS TEXT) || '@mail' || CAST(n % 5 AS TEXT) || '.example' ELSE 'Subscription' END,
    CASE WHEN kind = 3 THEN CASE (n / 12) % 4 WHEN 0 THEN 'running' WHEN 1 THEN 'suspended_payment' WHEN 2 THEN 'suspended_agent' ELSE 'delayed' END
         WHEN kind = 7 THEN 'running' ELSE 'terminated' END,
    made.day, made.day,
    CASE WHEN kind NOT IN (3, 7) THEN ended.day END
FROM fates
JOIN days AS made ON made.ago = fates.made
JOIN days AS ended ON ended.ago = fates.made - 350
WHERE kind <> 10;

INSERT INTO subscriptions
SELECT 'sub-' || CAST(50000 + n AS TEXT), 'CUST-' || substr(CAST(10000 + n AS TEXT), 2),
    'CUST-' || substr(CAST(10000 + n AS TEXT), 2), 'TEAM', '', 'initialized', made.day, NULL, NULL
FROM fates JOIN days AS made ON made.ago = fates.made - 360
WHERE kind IN (0, 3, 10) OR n % 11 = 0;

INSERT INTO subscription_features
SELECT subscription_id, 'SEATS', 1 + length(subscription_id) FROM subscriptions WHERE offer_code IN ('TEAM', 'BASIC');
INSERT INTO subscription_features SELECT subscription_id, 'MAILS', NULL FROM subscriptions WHERE offer_code = 'TEAM';

INSERT INTO usage_records (subscription_id, feature_code, recorded_on, quantity)
SELECT s.subscription_id, 'MAILS', d.day, 10 * d.ago % 97
FROM subscriptions AS s JOIN days AS d ON d.day >= s.started_on AND d.ago % 211 = 0 AND d.ago > 0
WHERE s.offer_code = 'TEAM' AND (s.terminated_on IS NULL OR d.day < s.terminated_on);

-- Three invoices a customer; the last is what the customer's kind says.
INSERT INTO invoices
WITH RECURSIVE parts (part) AS (SELECT 1 UNION ALL SELECT part + 1 FROM parts WHERE part < 3)
SELECT 'inv-' || CAST(100000 + n * 10 + part AS TEXT), 'F' || CAST(200000 + n * 10 + part AS TEXT), c.reference,
    'sub-' || substr(CAST(100000 + n AS TEXT), 2),
    CASE WHEN part = 3 AND kind IN (4, 9) THEN CASE WHEN (n / 12) % 2 = 0 THEN 'late' ELSE 'waiting_payment' END
         WHEN part = 2 AND n % 7 = 0 THEN 'cancelled' ELSE 'paid' END,
    issued.day, due.day,
    CASE WHEN part = 3 AND kind IN (4, 9) OR part = 2 AND n % 7 = 0 THEN NULL ELSE due.day END,
    CASE WHEN trim(COALESCE(c.billing_company, '')) <> '' THEN c.billing_company ELSE c.name END,
    COALESCE(c.billing_line_1, '') || ', ' || COALESCE(c.billing_post_code, '') || ' ' || COALESCE(c.billing_city, ''),
    900 * part, 180 * part, 1080 * part
FROM fates CROSS JOIN parts
JOIN customers AS c ON c.reference = 'CUST-' || substr(CAST(10000 + n AS TEXT), 2)
JOIN days AS issued ON issued.ago = fates.made - 100 * part
JOIN days AS due ON due.ago = fates.made - 100 * part - 30
WHERE kind <> 10;

INSERT INTO invoice_lines
SELECT invoice_id, 1, 'Subscription, one month', 1, net_cents FROM invoices;
INSERT INTO invoice_lines
SELECT i.invoice_id, 2, 'Set-up for ' || c.email, 1, 0
FROM invoices AS i JOIN customers AS c ON c.reference = i.customer_reference
WHERE i.invoice_id LIKE '%1' AND c.email <> '';

INSERT INTO payments
SELECT 'pay-' || substr(i.invoice_id, 5), i.invoice_id, m.payment_method_id, 'done', i.paid_on, i.total_cents,
    CASE WHEN i.invoice_id LIKE '%2' THEN 'VIR ' || c.billing_last_name || ' ' || COALESCE(c.billing_phone, '') END
FROM invoices AS i
JOIN customers AS c ON c.reference = i.customer_reference
LEFT JOIN payment_methods AS m ON m.customer_reference = c.reference
WHERE i.state = 'paid';

-- Lines that an invoice took over, and for those of kind 5 some that wait: a
-- credit, a debit, or one of each that come to nothing.
INSERT INTO balance_lines (customer_reference, label, amount_cents, created_on, invoice_id)
SELECT customer_reference, 'Credit for a day without service', -300, issued_on, invoice_id FROM invoices WHERE invoice_id LIKE '%3';
INSERT INTO balance_lines (customer_reference, label, amount_cents, created_on)
SELECT 'CUST-' || substr(CAST(10000 + n AS TEXT), 2), 'Goodwill', -500, made.day
FROM fates JOIN days AS made ON made.ago = fates.made - 200 WHERE kind = 5 AND (n / 12) % 3 <> 1;
INSERT INTO balance_lines (customer_reference, label, amount_cents, created_on)
SELECT 'CUST-' || substr(CAST(10000 + n AS TEXT), 2), 'Mails above the limit', 500, made.day
FROM fates JOIN days AS made ON made.ago = fates.made - 200 WHERE kind = 5 AND (n / 12) % 3 <> 0;

-- What the system remembers of its own doings.
INSERT INTO emails_sent (customer_reference, template, recipient, subject, body, sent_on)
SELECT c.reference, 'invoice', c.email, 'Your invoice ' || i.number, 'Dear ' || c.name || ', please find …', i.issued_on
FROM invoices AS i JOIN customers AS c ON c.reference = i.customer_reference WHERE c.email IS NOT NULL;
INSERT INTO activities (customer_reference, happened_on, what)
SELECT reference, created_on, COALESCE(name, 'Somebody') || ' was added' FROM customers;
INSERT INTO activities (customer_reference, happened_on, what)
SELECT customer_reference, issued_on, 'Invoice ' || number || ' was issued' FROM invoices;

INSERT INTO webhook_notifications
SELECT n, 1 + n % 2, 'CustomerUpdated', 'Customer', c.reference, '{"Name": "' || replace(c.name, '"', '''') || '"}', c.created_on
FROM fates JOIN customers AS c ON c.reference = 'CUST-' || substr(CAST(10000 + n AS TEXT), 2);
INSERT INTO webhook_notifications
SELECT 1000 + n, 1, 'SubscriptionTerminated', 'Subscription', s.subscription_id, '{"Title": "' || s.title || '"}', s.terminated_on
FROM fates JOIN subscriptions AS s ON s.subscription_id = 'sub-' || substr(CAST(100000 + n AS TEXT), 2)
WHERE s.state = 'terminated';
INSERT INTO webhook_notifications
SELECT 2000 + n, 2, 'InvoicePaid', 'Invoice', i.invoice_id, '{"Total": 1080}', i.paid_on
FROM fates JOIN invoices AS i ON i.invoice_id = 'inv-' || CAST(100001 + n * 10 AS TEXT);
INSERT INTO webhook_notifications
SELECT 3001, 1, 'OfferUpdated', 'Offer', 'TEAM', '{"Title": "Team"}', day FROM days WHERE ago = 30;
INSERT INTO webhook_attempts SELECT notification_id, 1, CASE WHEN notification_id % 9 = 0 THEN NULL ELSE 200 END FROM webhook_notifications;
INSERT INTO webhook_attempts SELECT notification_id, 2, 204 FROM webhook_notifications WHERE notification_id % 9 = 0;

-- --- The awkward ones ----------------------------------------------------------

INSERT INTO customers
    (reference, name, email, segment_code, billing_company, billing_first_name, billing_last_name, billing_phone,
     billing_line_1, billing_city, billing_country, created_on, anonymize_on, metadata, anonymized, anonymized_on)
VALUES
    -- nothing but the row itself
    ('CUST-0301', NULL, NULL, 'FR', NULL, NULL, NULL, NULL, NULL, NULL, 'FR', (SELECT day FROM days WHERE ago = 90), (SELECT day FROM days WHERE ago = 0), NULL, FALSE, NULL),
    -- ten thousand mails
    ('CUST-0302', 'Zoë "Zed" O''Neil 🚀', 'zoe.oneil@mail9.example', 'FR', NULL, 'Zoë', 'O''Neil', '06 11 22 33 44', '1, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 2000), (SELECT day FROM days WHERE ago = 3), NULL, FALSE, NULL),
    -- a company of spaces is none
    ('CUST-0303', 'Karim Haddad', 'karim.haddad@mail9.example', 'FR', '   ', 'Karim', 'Haddad', '06 11 22 33 45', '2, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 800), (SELECT day FROM days WHERE ago = 3), NULL, FALSE, NULL),
    -- refused for everything at once
    ('CUST-0304', 'Lena Marchal', 'lena.marchal@mail9.example', 'FR', NULL, 'Lena', 'Marchal', '06 11 22 33 46', '3, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 800), (SELECT day FROM days WHERE ago = 3), NULL, FALSE, NULL),
    -- pays for a subscription that CUST-0306 uses
    ('CUST-0305', 'Holding Grise', 'compta@grise.example', 'FR', 'Holding Grise SAS', 'Maud', 'Grise', '06 11 22 33 47', '4, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 800), (SELECT day FROM days WHERE ago = 3), NULL, FALSE, NULL),
    ('CUST-0306', 'Filiale Grise', 'compta@grise.example', 'FR', 'Filiale Grise SARL', 'Noé', 'Grise', '06 11 22 33 48', '5, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 800), NULL, NULL, FALSE, NULL),
    -- the application keeps something where nothing may be changed
    ('CUST-0307', 'Oscar Petit', 'oscar.petit@mail9.example', 'FR', NULL, 'Oscar', 'Petit', '06 11 22 33 49', '6, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 800), (SELECT day FROM days WHERE ago = 3), '{"login":"op-49"}', FALSE, NULL),
    -- anonymized two years ago
    ('CUST-0308', NULL, NULL, 'FR', NULL, NULL, NULL, NULL, NULL, NULL, 'FR', (SELECT day FROM days WHERE ago = 4000), (SELECT day FROM days WHERE ago = 740), NULL, TRUE, (SELECT day FROM days WHERE ago = 730)),
    -- tomorrow, and today, by date and by period
    ('CUST-0309', 'Paula Quint', 'paula.quint@mail9.example', 'FR', '', 'Paula', 'Quint', NULL, '7, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 200), (SELECT day FROM days WHERE ago = -1), NULL, FALSE, NULL),
    ('CUST-0310', 'René Quint', 'rene.quint@mail9.example', 'FR', '', 'René', 'Quint', NULL, '7, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 200), (SELECT day FROM days WHERE ago = 0), NULL, FALSE, NULL),
    -- no name, only a company; and a company of one letter
    ('CUST-0311', NULL, 'bonjour@x.example', 'FR', 'Σ', '', '', '', '8, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 800), (SELECT day FROM days WHERE ago = 3), NULL, FALSE, NULL),
    -- asked on 29 February
    ('CUST-0312', 'Sven Tal', 'sven.tal@mail9.example', 'EU', NULL, 'Sven', 'Tal', NULL, '9, impasse du Code', 'Brest', 'BE', (SELECT day FROM days WHERE ago = 4000), '2024-02-29', NULL, FALSE, NULL),
    -- an invoice that was cancelled is no reason, and neither is one paid to the cent
    ('CUST-0313', 'Ugo Vidal', 'ugo.vidal@mail9.example', 'FR', NULL, 'Ugo', 'Vidal', NULL, '10, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 800), (SELECT day FROM days WHERE ago = 3), NULL, FALSE, NULL),
    -- never asked, never bought anything, for eleven years
    ('CUST-0314', 'Wanda Xhosa', 'wanda@mail9.example', 'FR', NULL, 'Wanda', 'Xhosa', NULL, '11, impasse du Code', 'Brest', 'FR', (SELECT day FROM days WHERE ago = 4100), NULL, NULL, FALSE, NULL);

INSERT INTO emails_sent (customer_reference, template, recipient, subject, body, sent_on)
WITH RECURSIVE mails (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM mails WHERE n < 10000)
SELECT 'CUST-0302', 'usage', 'zoe.oneil@mail9.example', 'Your usage, report ' || CAST(n AS TEXT), 'Dear Zoë, …', d.day
FROM mails JOIN days AS d ON d.ago = n % 1900;

INSERT INTO subscriptions VALUES
    ('sub-90304', 'CUST-0304', 'CUST-0304', 'TEAM', '', 'running', (SELECT day FROM days WHERE ago = 700), (SELECT day FROM days WHERE ago = 700), NULL),
    ('sub-90306', 'CUST-0306', 'CUST-0305', 'TEAM', '', 'running', (SELECT day FROM days WHERE ago = 700), (SELECT day FROM days WHERE ago = 700), NULL),
    -- put together for CUST-0306, to be paid by somebody who goes: stays, since CUST-0306 does
    ('sub-90313', 'CUST-0306', 'CUST-0313', 'TEAM', '', 'initialized', (SELECT day FROM days WHERE ago = 20), NULL, NULL);
INSERT INTO invoices VALUES
    ('inv-90304', NULL, 'CUST-0304', 'sub-90304', 'draft', (SELECT day FROM days WHERE ago = 10), (SELECT day FROM days WHERE ago = -20), NULL, 'Lena Marchal', '3, impasse du Code', 900, 180, 1080),
    ('inv-90313', 'F90313', 'CUST-0313', NULL, 'cancelled', (SELECT day FROM days WHERE ago = 100), (SELECT day FROM days WHERE ago = 70), NULL, 'Ugo Vidal', '10, impasse du Code', 900, 180, 1080),
    ('inv-90314', 'F90314', 'CUST-0313', NULL, 'paid', (SELECT day FROM days WHERE ago = 90), (SELECT day FROM days WHERE ago = 60), (SELECT day FROM days WHERE ago = 70), 'Ugo Vidal', '10, impasse du Code', 0, 0, 0);
INSERT INTO balance_lines (customer_reference, label, amount_cents, created_on)
VALUES ('CUST-0304', 'Credit for lena.marchal@mail9.example', -100, (SELECT day FROM days WHERE ago = 10));

DROP TABLE fates;
DROP TABLE people;
