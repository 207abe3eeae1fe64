-- Subscription billing in the manner of ProAbono, for SQLite.
--
-- It is the database that the policy beside it is written for. Days are ISO
-- dates ('2026-01-31'), amounts are whole cents.

-- ---------------------------------------------------------------------------
-- Set-up and catalogue: no customer data
-- ---------------------------------------------------------------------------

-- Brands or countries of the merchant, each with prices and mails of its own.
CREATE TABLE segments (
    segment_code VARCHAR(20)  NOT NULL PRIMARY KEY,
    title        VARCHAR(100) NOT NULL,
    currency     VARCHAR(3)   NOT NULL DEFAULT 'EUR'
);

CREATE TABLE taxes (
    tax_code VARCHAR(20)  NOT NULL PRIMARY KEY,
    title    VARCHAR(100) NOT NULL,
    per_mil  INTEGER      NOT NULL CHECK (per_mil BETWEEN 0 AND 1000)
);

-- What can be sold: a switch, a limit, or something that is counted.
CREATE TABLE features (
    feature_code VARCHAR(20)  NOT NULL PRIMARY KEY,
    title        VARCHAR(100) NOT NULL,
    kind         VARCHAR(12)  NOT NULL CHECK (kind IN ('on_off', 'limitation', 'consumption'))
);

-- What a customer subscribes to.
CREATE TABLE offers (
    offer_code   VARCHAR(20)  NOT NULL PRIMARY KEY,
    segment_code VARCHAR(20)  NOT NULL REFERENCES segments (segment_code),
    title        VARCHAR(100) NOT NULL,
    every_months INTEGER      NOT NULL CHECK (every_months > 0),
    amount_cents INTEGER      NOT NULL,
    tax_code     VARCHAR(20)  NOT NULL REFERENCES taxes (tax_code),
    on_sale      BOOLEAN      NOT NULL DEFAULT TRUE
);

CREATE TABLE offer_features (
    offer_code   VARCHAR(20) NOT NULL REFERENCES offers (offer_code),
    feature_code VARCHAR(20) NOT NULL REFERENCES features (feature_code),
    included     INTEGER,                                -- NULL: as much as you like
    unit_cents   INTEGER     NOT NULL DEFAULT 0,
    PRIMARY KEY (offer_code, feature_code)
);

CREATE TABLE discounts (
    discount_code VARCHAR(20)  NOT NULL PRIMARY KEY,
    title         VARCHAR(100) NOT NULL,
    per_mil       INTEGER      NOT NULL,
    valid_until   DATE
);

-- The merchant's own people, who sign in to the back office.
CREATE TABLE agents (
    agent_id INTEGER PRIMARY KEY,
    login    VARCHAR(80) NOT NULL UNIQUE,
    role     VARCHAR(20) NOT NULL CHECK (role IN ('owner', 'billing', 'support', 'developer'))
);

-- ---------------------------------------------------------------------------
-- Customers
-- ---------------------------------------------------------------------------

-- One row a customer, with the billing address that invoices are made out to.
-- A company is who has `billing_company` filled in; nothing else says so.
CREATE TABLE customers (
    reference          TEXT         NOT NULL PRIMARY KEY,   -- the merchant's own: 'CUST-0123'
    name               VARCHAR(100),
    email              VARCHAR(120),                        -- not unique: an agency may answer for several
    language           VARCHAR(5)   NOT NULL DEFAULT 'fr',
    segment_code       VARCHAR(20)  NOT NULL REFERENCES segments (segment_code),
    billing_company    VARCHAR(100),
    billing_first_name VARCHAR(60),
    billing_last_name  VARCHAR(60),
    billing_phone      VARCHAR(30),
    billing_line_1     VARCHAR(120),
    billing_line_2     VARCHAR(120),
    billing_post_code  VARCHAR(20),
    billing_city       VARCHAR(80),
    billing_region     VARCHAR(80),
    billing_country    VARCHAR(2)   NOT NULL,
    tax_number         VARCHAR(20),                         -- VAT number of a company
    discount_code      VARCHAR(20)  REFERENCES discounts (discount_code),
    grey_listed        BOOLEAN      NOT NULL DEFAULT FALSE, -- mails to this customer are held back
    metadata           TEXT CHECK (metadata IS NULL OR json_valid(metadata)),   -- whatever the merchant's application keeps here
    created_on         DATE         NOT NULL,
    anonymize_on       DATE,                                -- the day from which a request is to be met
    anonymized         BOOLEAN      NOT NULL DEFAULT FALSE,
    anonymized_on      DATE
);

-- How a customer pays. Numbers are with the payment provider; here is what is left of them to be shown.
CREATE TABLE payment_methods (
    payment_method_id  TEXT        NOT NULL PRIMARY KEY,    -- 'pm-00123'
    customer_reference TEXT        NOT NULL REFERENCES customers (reference),
    kind               VARCHAR(10) NOT NULL CHECK (kind IN ('card', 'sepa', 'transfer')),
    label              VARCHAR(40) NOT NULL,                -- 'Visa ending in 4242'
    provider_token     VARCHAR(60),
    expires_on         DATE
);

-- ---------------------------------------------------------------------------
-- Subscriptions
-- ---------------------------------------------------------------------------

-- Who uses a subscription need not be who pays for it.
CREATE TABLE subscriptions (
    subscription_id    TEXT         NOT NULL PRIMARY KEY,   -- 'sub-00123'
    customer_reference TEXT         NOT NULL REFERENCES customers (reference),
    buyer_reference    TEXT         NOT NULL REFERENCES customers (reference),
    offer_code         VARCHAR(20)  NOT NULL REFERENCES offers (offer_code),
    title              VARCHAR(100) NOT NULL DEFAULT '',
    -- 'initialized': being put together, not started; 'terminated': over for good
    state              VARCHAR(20)  NOT NULL
        CHECK (state IN ('initialized', 'delayed', 'running', 'suspended_payment', 'suspended_agent', 'terminated')),
    created_on         DATE         NOT NULL,
    started_on         DATE,
    terminated_on      DATE
);

CREATE TABLE subscription_features (
    subscription_id TEXT        NOT NULL REFERENCES subscriptions (subscription_id) ON DELETE CASCADE,
    feature_code    VARCHAR(20) NOT NULL REFERENCES features (feature_code),
    quantity        INTEGER,
    PRIMARY KEY (subscription_id, feature_code)
);

CREATE TABLE usage_records (
    usage_id        INTEGER PRIMARY KEY,
    subscription_id TEXT        NOT NULL REFERENCES subscriptions (subscription_id),
    feature_code    VARCHAR(20) NOT NULL REFERENCES features (feature_code),
    recorded_on     DATE        NOT NULL,
    quantity        INTEGER     NOT NULL
);

-- ---------------------------------------------------------------------------
-- Invoices and money
-- ---------------------------------------------------------------------------

-- An invoice says who it was made out to, as it stood on that day.
CREATE TABLE invoices (
    invoice_id         TEXT         NOT NULL PRIMARY KEY,   -- 'inv-00123'
    number             VARCHAR(20)  UNIQUE,                 -- given when it is issued
    customer_reference TEXT         NOT NULL REFERENCES customers (reference),   -- who pays
    subscription_id    TEXT         REFERENCES subscriptions (subscription_id),
    state              VARCHAR(20)  NOT NULL
        CHECK (state IN ('draft', 'waiting_payment', 'late', 'paid', 'cancelled')),
    issued_on          DATE         NOT NULL,
    due_on             DATE         NOT NULL,
    paid_on            DATE,
    made_out_to        VARCHAR(200) NOT NULL,
    made_out_address   VARCHAR(300) NOT NULL DEFAULT '',
    net_cents          INTEGER      NOT NULL,
    tax_cents          INTEGER      NOT NULL,
    total_cents        INTEGER      NOT NULL
);

CREATE TABLE invoice_lines (
    invoice_id   TEXT         NOT NULL REFERENCES invoices (invoice_id),
    line_no      INTEGER      NOT NULL,
    label        VARCHAR(200) NOT NULL,
    quantity     INTEGER      NOT NULL,
    amount_cents INTEGER      NOT NULL,
    PRIMARY KEY (invoice_id, line_no)
);

CREATE TABLE payments (
    payment_id         TEXT        NOT NULL PRIMARY KEY,    -- 'pay-00123'
    invoice_id         TEXT        NOT NULL REFERENCES invoices (invoice_id),
    payment_method_id  TEXT        REFERENCES payment_methods (payment_method_id),
    state              VARCHAR(10) NOT NULL CHECK (state IN ('pending', 'done', 'refused', 'refunded')),
    paid_on            DATE        NOT NULL,
    amount_cents       INTEGER     NOT NULL,
    label              VARCHAR(140)                         -- what the bank sent along
);

-- Credits and debits that go onto the next invoice; then `invoice_id` says which that was.
CREATE TABLE balance_lines (
    balance_line_id    INTEGER PRIMARY KEY,
    customer_reference TEXT         NOT NULL REFERENCES customers (reference),
    label              VARCHAR(200) NOT NULL,
    amount_cents       INTEGER      NOT NULL,
    created_on         DATE         NOT NULL,
    invoice_id         TEXT         REFERENCES invoices (invoice_id)
);

-- ---------------------------------------------------------------------------
-- What the system remembers of its own doings
-- ---------------------------------------------------------------------------

CREATE TABLE emails_sent (
    email_id           INTEGER PRIMARY KEY,
    customer_reference TEXT         NOT NULL REFERENCES customers (reference),
    template           VARCHAR(40)  NOT NULL,
    recipient          VARCHAR(120) NOT NULL,
    subject            VARCHAR(200) NOT NULL,
    body               TEXT         NOT NULL,
    sent_on            DATE         NOT NULL
);

-- What the customer's page lists under "recent activity".
CREATE TABLE activities (
    activity_id        INTEGER PRIMARY KEY,
    customer_reference TEXT         NOT NULL REFERENCES customers (reference),
    happened_on        DATE         NOT NULL,
    what               VARCHAR(200) NOT NULL
);

CREATE TABLE webhooks (
    webhook_id INTEGER PRIMARY KEY,
    url        VARCHAR(200) NOT NULL
);

-- What was told to the merchant's application. Of what is said by type and id.
CREATE TABLE webhook_notifications (
    notification_id INTEGER     NOT NULL PRIMARY KEY,
    webhook_id      INTEGER     NOT NULL REFERENCES webhooks (webhook_id),
    event           VARCHAR(40) NOT NULL,
    object_type     VARCHAR(20) NOT NULL CHECK (object_type IN ('Customer', 'Subscription', 'Invoice', 'Offer')),
    object_id       TEXT        NOT NULL,
    payload         TEXT        NOT NULL,
    notified_on     DATE        NOT NULL
);

CREATE TABLE webhook_attempts (
    notification_id INTEGER NOT NULL REFERENCES webhook_notifications (notification_id),
    attempt         INTEGER NOT NULL,
    status          INTEGER,                                -- of HTTP; NULL: nobody answered
    PRIMARY KEY (notification_id, attempt)
);

-- ---------------------------------------------------------------------------
-- Indexes
-- ---------------------------------------------------------------------------

CREATE INDEX customers_anonymize_on ON customers (anonymize_on);
CREATE INDEX customers_created_on ON customers (created_on);
CREATE INDEX payment_methods_customer ON payment_methods (customer_reference);
CREATE INDEX subscriptions_customer ON subscriptions (customer_reference);
CREATE INDEX subscriptions_buyer ON subscriptions (buyer_reference);
CREATE INDEX usage_records_subscription ON usage_records (subscription_id);
CREATE INDEX invoices_customer ON invoices (customer_reference, issued_on);
CREATE INDEX invoices_issued_on ON invoices (issued_on);
CREATE INDEX invoices_subscription ON invoices (subscription_id);
CREATE INDEX payments_invoice ON payments (invoice_id);
CREATE INDEX payments_method ON payments (payment_method_id);
CREATE INDEX balance_lines_customer ON balance_lines (customer_reference);
CREATE INDEX balance_lines_invoice ON balance_lines (invoice_id);
CREATE INDEX emails_sent_customer ON emails_sent (customer_reference);
CREATE INDEX activities_customer ON activities (customer_reference);
CREATE INDEX webhook_notifications_object ON webhook_notifications (object_id, object_type);
