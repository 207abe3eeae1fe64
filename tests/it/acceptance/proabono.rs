//! Subscription billing, the statements A: `policies/proabono`.
//!
//! What is asked over HTTP (A12, and cleaning in A13) is in `asked.rs`.

use std::collections::BTreeSet;

use super::snapshot::{Snapshot, text};
use super::trade::{Trade, ago, today};

/// The company before and after its night of requests, and who was anonymized in it.
struct Night {
    trade: Trade,
    before: Snapshot,
    after: Snapshot,
    gone: BTreeSet<String>,
}

async fn night() -> Night {
    let trade = Trade::of("proabono").await;
    let before = trade.snapshot().await;
    let ended = trade.sweep(&["requests"]);
    let after = trade.snapshot().await;
    let gone: BTreeSet<String> =
        trade.rows("SELECT reference FROM customers WHERE anonymized_on = '{today}'").await.into_iter().collect();
    assert_eq!(ended["progress"]["anonymized"], gone.len());
    assert!(gone.len() > 50 && gone.len() < before.table("customers").len() / 2, "some go and some stay");
    Night { trade, before, after, gone }
}

impl Night {
    /// Rows of a table are gone exactly where their owner is, and those that stay are as they were.
    fn check_rows_went(&self, table: &str, owner: impl Fn(&Snapshot, &str) -> Option<String>) {
        let (mut went, mut stayed) = (0, 0);
        for (key, row) in self.before.table(table) {
            let is_theirs = owner(&self.before, key).is_some_and(|owner| self.gone.contains(&owner));
            let expected = (!is_theirs).then_some(row);
            assert_eq!(self.after.table(table).get(key), expected, "{table} {key}");
            if is_theirs { went += 1 } else { stayed += 1 }
        }
        assert!(went > 20 && stayed > 20, "{table}: {went} went, {stayed} stayed");
        assert_eq!(self.after.table(table).len(), stayed, "nothing new in {table}");
    }

    /// Those anonymized, companies or all others. The data says which is which by the field itself.
    fn gone_as(&self, company: bool) -> Vec<&String> {
        let is_company =
            |key: &&String| !matches!(text(&self.before.row("customers", key)["billing_company"]).trim(), "" | "NULL");
        let found: Vec<&String> = self.gone.iter().filter(|key| is_company(key) == company).collect();
        assert!(found.len() > 20);
        found
    }
}

fn column<'a>(table: &'a str, name: &'a str) -> impl Fn(&Snapshot, &str) -> Option<String> {
    move |at, key| Some(at.text(table, key, name))
}

#[tokio::test]
async fn a01_the_mail_address_of_a_client_is_removed_wherever_it_stood() {
    let night = night().await;
    let mut had_one = 0;
    for key in night.before.table("customers").keys() {
        let (was, is) = (night.before.text("customers", key, "email"), night.after.text("customers", key, "email"));
        if !night.gone.contains(key) {
            assert_eq!(is, was, "{key}");
            continue;
        }
        assert_eq!(is, "NULL", "{key}");
        if was.contains('@') {
            had_one += 1;
            assert_eq!(night.after.mentions(&was), BTreeSet::new(), "{key}");
        }
    }
    assert!(had_one > 40);
    // One that stood in more places than the customer's own row.
    let places = night.before.mentions("customer1060@mail0.example");
    for place in ["customers.email", "emails_sent.recipient", "invoice_lines.label", "subscriptions.title"] {
        assert!(places.contains(place), "{places:?}");
    }
    assert!(night.gone.contains("CUST-0060"));
}

#[tokio::test]
async fn a02_the_history_of_mails_is_deleted() {
    let night = night().await;
    night.check_rows_went("emails_sent", column("emails_sent", "customer_reference"));
    let of_one = "SELECT count(*) FROM emails_sent WHERE customer_reference = 'CUST-0302'";
    assert_eq!(night.trade.count(of_one).await, 0);
    let had = night.before.table("emails_sent").values().filter(|row| row["customer_reference"] == "CUST-0302");
    assert_eq!(had.count(), 10_000);
}

#[tokio::test]
async fn a03_recent_activity_is_deleted() {
    let night = night().await;
    night.check_rows_went("activities", column("activities", "customer_reference"));
}

#[tokio::test]
async fn a04_the_history_of_webhook_notifications_is_deleted() {
    let night = night().await;
    let owner = |at: &Snapshot, key: &str| {
        let object = at.text("webhook_notifications", key, "object_id");
        match at.text("webhook_notifications", key, "object_type").as_str() {
            "Customer" => Some(object),
            "Subscription" => Some(at.text("subscriptions", &object, "customer_reference")),
            "Invoice" => Some(at.text("invoices", &object, "customer_reference")),
            _ => None,
        }
    };
    night.check_rows_went("webhook_notifications", owner);
    night
        .check_rows_went("webhook_attempts", |at, key| owner(at, &at.text("webhook_attempts", key, "notification_id")));
    assert!(night.after.table("webhook_notifications").contains_key("3001"), "what was told of an offer stays");
}

#[tokio::test]
async fn a05_initialized_subscriptions_are_deleted_and_all_others_kept() {
    let night = night().await;
    let doomed = |at: &Snapshot, key: &str| {
        let owner = at.text("subscriptions", key, "customer_reference");
        (at.text("subscriptions", key, "state") == "initialized").then_some(owner)
    };
    let (mut went, mut kept) = (0, 0);
    for key in night.before.table("subscriptions").keys() {
        let gone = doomed(&night.before, key).is_some_and(|owner| night.gone.contains(&owner));
        assert_eq!(!night.after.table("subscriptions").contains_key(key), gone, "{key}");
        if gone {
            went += 1;
        } else if night.gone.contains(&night.before.text("subscriptions", key, "customer_reference")) {
            kept += 1;
        }
    }
    assert!(went > 20 && kept > 20, "{went} went, {kept} of the same clients were kept");
    // Nothing of those kept but a mail address in their titles.
    let touched = night.after.touched_since(&night.before);
    let own: Vec<&String> = touched.iter().filter(|name| name.starts_with("subscriptions.")).collect();
    assert_eq!(own, ["subscriptions.-", "subscriptions.title"]);
    assert_eq!(night.after.text("subscriptions", "sub-90313", "state"), "initialized", "who pays for it is gone");
    assert!(night.gone.contains("CUST-0313"));
}

#[tokio::test]
async fn a06_a_company_goes_by_its_own_name_and_keeps_its_address() {
    let night = night().await;
    for key in night.gone_as(true) {
        let is = |column: &str| night.after.text("customers", key, column);
        let was = |column: &str| night.before.text("customers", key, column);
        assert_eq!(is("name"), was("billing_company"), "{key}");
        for column in ["billing_first_name", "billing_last_name", "billing_phone"] {
            assert_eq!(is(column), "NULL", "{key} {column}");
        }
        for column in ["company", "line_1", "line_2", "post_code", "city", "region", "country"]
            .map(|own| format!("billing_{own}"))
        {
            assert_eq!(is(&column), was(&column), "{key} {column}");
        }
    }
    assert_eq!(night.after.text("customers", "CUST-0311", "name"), "Σ");
    assert_ne!(night.before.text("customers", "CUST-0012", "name"), night.after.text("customers", "CUST-0012", "name"));
    assert_ne!(night.before.text("customers", "CUST-0012", "billing_line_1"), "NULL");
}

#[tokio::test]
async fn a07_anybody_else_keeps_nothing_of_name_and_address_but_the_country() {
    let night = night().await;
    let gone = night.gone_as(false);
    for key in &gone {
        for column in ["name", "billing_first_name", "billing_last_name", "billing_phone"].into_iter().chain([
            "billing_line_1",
            "billing_line_2",
            "billing_post_code",
            "billing_city",
            "billing_region",
        ]) {
            assert_eq!(night.after.text("customers", key, column), "NULL", "{key} {column}");
        }
        let country = |at: &Snapshot| at.text("customers", key, "billing_country");
        assert_eq!(country(&night.after), country(&night.before));
    }
    // An empty field, none, and one of spaces all say that there is no company.
    let fields: BTreeSet<String> =
        gone.iter().map(|key| night.before.text("customers", key, "billing_company")).collect();
    assert_eq!(fields, ["", "   ", "NULL"].map(str::to_owned).into());
}

/// The company, its policy rehearsed: what is refused from here on is so for the client's sake.
async fn rehearsed() -> Trade {
    let trade = Trade::of("proabono").await;
    trade.json(&["sweep", "requests", "--rehearse"]);
    trade
}

/// A client is refused for one reason and left as it was, and goes once that is settled.
async fn check_refused(trade: &Trade, key: &str, reason: &str, settle: &str) {
    let before = trade.snapshot().await;
    assert_eq!(trade.forget(&[key])["progress"]["refused"], 1, "{key}");
    assert_eq!(trade.outcome(key), format!("refused: {reason}"));
    assert_eq!(trade.snapshot().await, before, "{key}");
    trade.execute(settle).await;
    assert_eq!(trade.forget(&[key])["progress"]["anonymized"], 1, "{key}");
    assert_eq!(trade.outcome(key), "anonymized");
}

#[tokio::test]
async fn a08_a_subscription_that_is_not_terminated_refuses() {
    let trade = rehearsed().await;
    for state in ["delayed", "running", "suspended_payment", "suspended_agent"] {
        let key = trade
            .value(&format!(
                "SELECT min(customer_reference) FROM subscriptions WHERE state = '{state}' AND customer_reference < 'CUST-0300'"
            ))
            .await;
        let over = format!(
            "UPDATE subscriptions SET state = 'terminated' WHERE customer_reference = '{key}' AND state = '{state}'"
        );
        check_refused(&trade, &key, "subscriptions", &over).await;
    }
    // The payer for what another client uses is no less a client.
    let over = "UPDATE subscriptions SET state = 'terminated' WHERE subscription_id = 'sub-90306'";
    check_refused(&trade, "CUST-0305", "pays-subscriptions", over).await;
}

#[tokio::test]
async fn a09_an_invoice_neither_paid_nor_cancelled_refuses() {
    let trade = rehearsed().await;
    for (state, end) in [("late", "paid"), ("waiting_payment", "cancelled"), ("draft", "cancelled")] {
        let key = trade
            .value(
                "SELECT min(reference) FROM customers AS c WHERE anonymize_on < '{today}' AND NOT anonymized
                 AND EXISTS (SELECT 1 FROM invoices WHERE customer_reference = c.reference AND state = 'late')
                 AND NOT EXISTS (SELECT 1 FROM subscriptions WHERE customer_reference = c.reference AND state = 'running')",
            )
            .await;
        let set = |to: &str| {
            format!(
                "UPDATE invoices SET state = '{to}' WHERE customer_reference = '{key}' AND state IN ('late', '{state}')"
            )
        };
        trade.execute(&set(state)).await;
        check_refused(&trade, &key, "invoices", &set(end)).await;
    }
}

#[tokio::test]
async fn a10_a_balance_that_is_not_empty_refuses() {
    let trade = rehearsed().await;
    let pending = |having: &str| {
        format!(
            "SELECT min(customer_reference) FROM (SELECT customer_reference FROM balance_lines WHERE invoice_id IS NULL
             AND customer_reference < 'CUST-0300' GROUP BY customer_reference HAVING {having}) AS own"
        )
    };
    // A credit, a debit, and one of each that come to nothing and are there all the same.
    for having in ["sum(amount_cents) < 0", "sum(amount_cents) > 0", "sum(amount_cents) = 0"] {
        let key = trade.value(&pending(having)).await;
        let settle = format!(
            "UPDATE balance_lines SET invoice_id = (SELECT min(invoice_id) FROM invoices WHERE customer_reference = '{key}')
             WHERE customer_reference = '{key}' AND invoice_id IS NULL"
        );
        check_refused(&trade, &key, "balance", &settle).await;
    }
    trade.forget(&["CUST-0304"]);
    assert_eq!(trade.outcome("CUST-0304"), "refused: subscriptions, invoices, balance", "all of its reasons");
}

#[tokio::test]
async fn a11_it_asks_for_confirmation_where_the_job_says_so_even_of_one_client() {
    let trade = rehearsed().await;
    trade.json(&["backup", "acknowledge"]);
    trade.execute("UPDATE customers SET anonymize_on = NULL WHERE reference <> 'CUST-0012'").await;
    let job = std::fs::read_to_string(trade.path("jobs/requests.toml")).unwrap();
    assert_eq!(job.matches("share   = 0.33").count(), 1);
    trade.write("jobs/requests.toml", &job.replace("share   = 0.33", "share   = 0.0001"));
    let before = trade.snapshot().await;
    let asked = trade.run(&["sweep", "requests", "--wait"]);
    assert_eq!(asked.code, 1);
    assert!(asked.err.contains("would anonymize 1 client") && asked.err.contains("--over-brake"), "{}", asked.err);
    assert_eq!(trade.snapshot().await, before);
    assert_eq!(trade.outcome("CUST-0012"), "never looked at");
    let confirmed = trade.json(&["sweep", "requests", "--over-brake", "--wait"]);
    assert_eq!(confirmed["progress"]["anonymized"], 1);
    assert_eq!(trade.outcome("CUST-0012"), "anonymized");
}

#[tokio::test]
async fn a13_fields_that_the_procedure_does_not_name_stay_and_can_be_cleaned_afterwards() {
    let night = night().await;
    let touched = night.after.touched_since(&night.before);
    let named = "activities.- customers.anonymized customers.anonymized_on customers.billing_city \
                 customers.billing_first_name customers.billing_last_name customers.billing_line_1 \
                 customers.billing_line_2 customers.billing_phone customers.billing_post_code customers.billing_region \
                 customers.created_on customers.email customers.name emails_sent.- invoice_lines.label payments.label \
                 subscription_features.- subscriptions.- subscriptions.title webhook_attempts.- \
                 webhook_notifications.-";
    assert_eq!(touched.iter().map(String::as_str).collect::<Vec<_>>(), named.split(' ').collect::<Vec<_>>());

    // What the merchant's application keeps is cleaned by a policy that says so, of those too who went before.
    let nicknames = |at: &Snapshot| {
        let with = at.table("customers").iter().filter(|(_, row)| text(&row["metadata"]).contains("nickname"));
        with.map(|(key, _)| key.clone()).collect::<BTreeSet<String>>()
    };
    let had = nicknames(&night.after);
    assert!(had.intersection(&night.gone).count() > 2 && had.difference(&night.gone).count() > 2);
    night.trade.amend_policy(
        "cleanable = true, keep = \"references of the merchant's application; the merchant cleans what is personal\"",
        "redact = [\"$.nickname\"]",
    );
    let cleaned = night.trade.sweep(&["--replay"]);
    assert_eq!(cleaned["progress"]["anonymized"], had.intersection(&night.gone).count());
    let after = night.trade.snapshot().await;
    assert_eq!(nicknames(&after), had.difference(&night.gone).cloned().collect());
    assert!(after.changes_since(&night.after).iter().all(|own| own.column == "metadata"));
}

#[tokio::test]
async fn a_request_for_today_is_met_one_for_tomorrow_is_not_and_twice_is_once() {
    let night = night().await;
    assert!(night.gone.contains("CUST-0310") && !night.gone.contains("CUST-0309"));
    assert!(night.gone.contains("CUST-0312"), "a client asked on 29 February");
    assert_eq!(night.trade.outcome("CUST-0309"), "never looked at");
    let text = |column| night.before.text("customers", "CUST-0309", column);
    assert_eq!((text("anonymize_on"), ago(-1).to_string()), (ago(-1).to_string(), text("anonymize_on")));
    let again = night.trade.json(&["sweep", "requests", "--wait"]);
    assert_eq!(again["progress"]["anonymized"], 0);
    assert_eq!(night.trade.snapshot().await, night.after);
    assert_eq!(night.after.text("customers", "CUST-0310", "anonymized_on"), today().to_string());
}
