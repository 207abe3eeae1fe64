//! Names as large public schemas spell them: what leads to a client, and what does not.

use super::columns::guessed_on_documents;
use super::evidence::{answered, client_of, rows};
use super::*;

const SHOP: &str = "
customer
      id_customer INTEGER pk
      name TEXT
      email TEXT
bill
      id_bill INTEGER pk
      id_customer INTEGER
      reference VARCHAR(9)
shop_bill
      id_shop_bill INTEGER pk
      total NUMERIC
task
      id_task INTEGER pk
      id_customer_context INTEGER
      payload TEXT
payment
      id_payment INTEGER pk
      bill_reference VARCHAR(9)
      card_holder TEXT
mail
      id_mail INTEGER pk
      recipient VARCHAR(90)
engraving
      id_engraving INTEGER pk
      id_bill INTEGER pk
engraved_text
      id_engraving INTEGER pk
      line INTEGER pk
      value TEXT
";

/// The draft of the shop, with tasks for these clients.
fn shop(tasks: &[&[&str]]) -> Draft {
    let schema = schema(SHOP);
    let samples = rows(
        &[
            (
                "bill",
                &["id_bill", "id_customer", "reference"],
                &[&["1", "1", "R1"], &["2", "2", "R2"], &["3", "3", "R3"]],
            ),
            ("shop_bill", &["id_shop_bill", "total"], &[&["1", "5"], &["2", "5"], &["3", "5"]]),
            ("task", &["id_customer_context"], tasks),
            ("payment", &["bill_reference", "card_holder"], &[&["R1", ""], &["R2", ""], &["R3", ""]]),
            ("mail", &["recipient"], &[&["a@x.org"], &["b@x.org"], &["office@house.org"]]),
            ("engraving", &["id_engraving", "id_bill"], &[&["4", "1"], &["5", "2"], &["6", "3"]]),
            ("engraved_text", &["id_engraving", "line"], &[&["4", "1"], &["5", "1"], &["6", "1"]]),
        ],
        &schema,
    );
    let numbers: &[&str] = &["1", "2", "3"];
    let held: [(&str, &[&str]); 5] = [
        ("customer.id_customer", numbers),
        ("customer.email", &["a@x.org", "b@x.org"]),
        ("bill.id_bill", numbers),
        ("bill.reference", &["R1", "R2", "R3"]),
        ("engraving.id_engraving", &["4", "5", "6"]),
    ];
    answered(&schema, &samples, &held)
}

#[test]
fn a_longer_name_of_an_own_key_is_no_link_where_small_numbers_match() {
    let draft = shop(&[&["1"], &["2"], &["3"]]);
    assert!(client_of(&draft, "bill").is_some(), "{}", draft.text);
    assert!(client_of(&draft, "shop_bill").is_none(), "{}", draft.text);
}

#[test]
fn a_client_named_before_other_words_is_a_link_that_the_data_must_prove() {
    let draft = shop(&[&["1"], &["2"], &["3"]]);
    assert_eq!(client_of(&draft, "task").unwrap(), "client = \"id_customer_context\"");
    let draft = shop(&[&["1"], &["2"], &["9"]]);
    assert!(client_of(&draft, "task").is_none(), "{}", draft.text);
}

#[test]
fn a_document_is_reached_by_its_reference_and_by_part_of_its_key() {
    let draft = shop(&[&["1"], &["2"], &["3"]]);
    let by_reference = "client = { column = \"bill_reference\", through = \"bill\", equals = \"reference\" }";
    assert_eq!(client_of(&draft, "payment").unwrap(), by_reference, "{}", draft.text);
    let by_part = "client = { column = \"id_engraving\", through = \"engraving\" }";
    assert_eq!(client_of(&draft, "engraved_text").unwrap(), by_part, "{}", draft.text);
}

#[test]
fn addresses_lead_to_clients_whatever_their_column_is_called() {
    let link = "client = { column = \"recipient\", equals = \"email\", compare = \"email\" }";
    assert_eq!(client_of(&shop(&[&["1"], &["2"], &["3"]]), "mail").unwrap(), link);
}

const LIBRARY: &str = "
borrowers
      borrowernumber INTEGER pk
      cardno VARCHAR(16) unique
      surname TEXT
      firstname TEXT
      email TEXT
import_profiles
      id INTEGER pk
      label TEXT
import_rules
      id INTEGER pk
      import_profile_id INTEGER -> import_profiles.id
loans
      loannumber INTEGER pk
      borrowernumber INTEGER
      received_by INTEGER -> borrowers.borrowernumber
      operator_id INTEGER -> borrowers.borrowernumber
      due_on DATE
loan_sources
      id INTEGER pk
      loannumber INTEGER -> loans.loannumber
      referer TEXT
message_queue
      id INTEGER pk
      borrowernumber INTEGER -> borrowers.borrowernumber
      content TEXT
pictures
      cardno VARCHAR(16) pk -> borrowers.cardno
      picture BLOB
action_logs
      id INTEGER pk
      module TEXT
      object INTEGER
      info TEXT
";

#[test]
fn key_and_table_may_be_written_together_and_who_served_a_client_is_no_link() {
    let draft = drafted(&schema(LIBRARY), &Samples::new());
    assert_eq!(draft.client_table, "borrowers");
    assert_eq!(client_of(&draft, "loans").unwrap(), "client = \"borrowernumber\"", "{}", draft.text);
}

#[test]
fn a_queue_and_a_source_of_clients_rows_are_of_the_client() {
    let draft = drafted(&schema(LIBRARY), &Samples::new());
    assert_eq!(client_of(&draft, "message_queue").unwrap(), "client = \"borrowernumber\"", "{}", draft.text);
    let through = "client = { column = \"loannumber\", through = \"loans\" }";
    assert_eq!(client_of(&draft, "loan_sources").unwrap(), through, "{}", draft.text);
}

#[test]
fn what_a_foreign_key_refers_to_is_not_emptied() {
    let draft = drafted(&schema(LIBRARY), &Samples::new());
    assert_eq!(line(&draft, "borrowers", "cardno"), "# cardno = { class = \"non-personal\" }", "{}", draft.text);
}

#[test]
fn a_module_and_an_object_name_the_client_of_a_log() {
    let schema = schema(LIBRARY);
    let logged: &[&[&str]] = &[&["MEMBERS", "1"], &["MEMBERS", "2"], &["MEMBERS", "3"], &["CATALOGUE", "1"]];
    let samples = rows(&[("action_logs", &["module", "object"], logged)], &schema);
    let draft = answered(&schema, &samples, &[("borrowers.borrowernumber", &["1", "2", "3"])]);
    let link = "client = { column = \"object\", where = \"module = 'MEMBERS'\" }";
    assert_eq!(client_of(&draft, "action_logs").unwrap(), link, "{}", draft.text);
}

#[test]
fn a_table_of_people_is_found_whatever_it_is_called() {
    let schema = schema(
        "inhabitants
            id INTEGER pk
            first_name TEXT
            last_name TEXT
            email TEXT
         printer_profiles
            id INTEGER pk
            label TEXT
         printers
            id INTEGER pk
            printer_profile_id INTEGER -> printer_profiles.id",
    );
    assert_eq!(drafted(&schema, &Samples::new()).client_table, "inhabitants");
}

#[test]
fn references_and_data_of_the_house_stay_in_documents() {
    let stays = |column: &str, seen: &[&str]| guessed_on_documents(column, seen);
    let cases: [(&str, &[&str]); 4] = [
        ("id_address_delivery INTEGER", &["7", "8"]),
        ("mobile_theme INTEGER", &["1", "7"]),
        ("minimum_amount_tax INTEGER", &["1", "7"]),
        ("sitecode TEXT", &["EAST", "WEST"]),
    ];
    for (column, seen) in cases {
        assert!(stays(column, seen).ends_with("{ class = \"non-personal\" }"), "{column}: {}", stays(column, seen));
    }
    assert!(stays("phone INTEGER", &["491701234567"]).contains("clear = true"));
    let shop = stays("shop_address TEXT", &[]);
    assert_eq!(shop, "shop_address = { class = \"personal\", keep = \"about the shop, not about the client\" }");
    assert!(stays("invoice_address TEXT", &[]).contains("clear = true"));
}

#[test]
fn a_few_short_words_look_like_a_status() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
         reserves
            id INTEGER pk
            client_id INTEGER -> clients.id
            found TEXT
            sender TEXT",
    );
    let row = |at: usize| if at.is_multiple_of(2) { ["W", "office@house.org"] } else { ["T", "office@house.org"] };
    let many: Vec<[&str; 2]> = (0..12).map(row).collect();
    let many: Vec<&[&str]> = many.iter().map(<[&str; 2]>::as_slice).collect();
    let with = |rows_seen: &[&[&str]], column: &str| {
        let samples = rows(&[("reserves", &["found", "sender"], rows_seen)], &schema);
        line(&drafted(&schema, &samples), "reserves", column)
    };
    assert_eq!(with(&many, "found"), "# found = { class = \"non-personal\" }");
    assert!(with(&many[..4], "found").contains("class = \"personal\""), "{}", with(&many[..4], "found"));
    // One address in all rows may be a client's all the same.
    for seen in [&many[..], &many[..4]] {
        assert!(with(seen, "sender").contains("class = \"personal\", clear = true"), "{}", with(seen, "sender"));
    }
}

#[test]
fn a_table_of_the_data_of_patients_is_that_of_the_clients_and_its_key_is_known_by_its_name() {
    let schema = schema(
        "patient_data
            id INTEGER
            pid INTEGER required unique
            fname TEXT
            lname TEXT
            dob DATE
         insurance_data
            id INTEGER pk
            pid INTEGER
            subscriber_fname TEXT
            subscriber_lname TEXT
            subscriber_dob DATE
         calls
            id INTEGER pk
            patient_id INTEGER
            words TEXT
         events
            ev_id INTEGER pk
            ev_pid VARCHAR(11)
            words TEXT
         machines
            pid INTEGER pk
            label TEXT",
    );
    let values: &[&[&str]] = &[&["1", "7"], &["2", "8"], &["3", "9"]];
    let own: &[&[&str]] = &[&["1", "7"], &["2", "8"], &["3", "9"]];
    let samples = rows(&[("patient_data", &["id", "pid"], own), ("events", &["ev_id", "ev_pid"], values)], &schema);
    let draft = answered(&schema, &samples, &[("patient_data.pid", &["7", "8", "9"])]);
    assert_eq!(draft.client_table, "patient_data");
    assert!(draft.text.contains("key   = \"pid\"\n"), "{}", draft.text);
    for (table, link) in [("insurance_data", "pid"), ("calls", "patient_id"), ("events", "ev_pid")] {
        assert_eq!(client_of(&draft, table), Some(format!("client = \"{link}\"")), "{}", draft.text);
    }
    assert!(client_of(&draft, "machines").is_none(), "{}", draft.text);
}

const CLINIC: &str = "
patient_data
      pid INTEGER pk
      name TEXT
      email TEXT
insurance_data
      id INTEGER pk
      pid INTEGER
insurance_checks
      id INTEGER pk
      insurance_id INTEGER
patient_tracker
      id INTEGER pk
      pid INTEGER
patient_tracker_element
      pt_tracker_id INTEGER
      reason TEXT
claims
      id INTEGER pk
      patient_id INTEGER
      payer_id INTEGER
sessions
      id INTEGER pk
      patient_id INTEGER
      payment_type TEXT
";

#[test]
fn a_part_is_linked_by_a_shortened_name_and_few_payers_are_no_clients() {
    let schema = schema(CLINIC);
    let claims: Vec<[String; 3]> =
        (1..=40).map(|at: usize| [at.to_string(), at.to_string(), (at % 4 + 1).to_string()]).collect();
    let claims: Vec<Vec<&str>> = claims.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let claims: Vec<&[&str]> = claims.iter().map(Vec::as_slice).collect();
    let samples = rows(
        &[
            ("insurance_data", &["id", "pid"], &[&["71", "1"], &["72", "2"], &["73", "3"]]),
            ("insurance_checks", &["id", "insurance_id"], &[&["1", "71"], &["2", "72"], &["3", "73"]]),
            ("patient_tracker", &["id", "pid"], &[&["81", "1"], &["82", "2"], &["83", "3"]]),
            ("patient_tracker_element", &["pt_tracker_id", "reason"], &[&["81", "x"], &["82", "y"], &["83", "z"]]),
            ("claims", &["id", "patient_id", "payer_id"], claims.as_slice()),
            (
                "sessions",
                &["id", "patient_id", "payment_type"],
                &[&["1", "1", "patient"], &["2", "2", "patient"], &["3", "3", "patient"]],
            ),
        ],
        &schema,
    );
    let numbers: Vec<String> = (1..=40).map(|at| at.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let held: [(&str, &[&str]); 3] = [
        ("patient_data.pid", numbers.as_slice()),
        ("insurance_data.id", &["71", "72", "73"]),
        ("patient_tracker.id", &["81", "82", "83"]),
    ];
    let draft = answered(&schema, &samples, &held);
    for (table, link) in [
        ("insurance_checks", "{ column = \"insurance_id\", through = \"insurance_data\", equals = \"id\" }"),
        ("patient_tracker_element", "{ column = \"pt_tracker_id\", through = \"patient_tracker\", equals = \"id\" }"),
        ("claims", "\"patient_id\""),
        ("sessions", "\"patient_id\""),
    ] {
        assert_eq!(client_of(&draft, table).unwrap(), format!("client = {link}"), "{}", draft.text);
    }
}

const TENANTS: &str = "
tenants
      id INTEGER pk
      label TEXT
customers
      id INTEGER pk
      tenant_id INTEGER required -> tenants.id
      external_id TEXT required
      email TEXT
      created_on DATE
orders
      id INTEGER pk
      tenant_id INTEGER required -> tenants.id
      customer_id INTEGER required -> customers.id
      external_id TEXT required
      placed_on DATE
      ordered_on DATE
events
      id INTEGER pk
      tenant_id INTEGER required
      external_order_id TEXT
      remarks TEXT
sync_events
      id INTEGER pk
      customer_id INTEGER required -> customers.id
      external_order_id TEXT
order_versions
      id INTEGER pk
      order_id INTEGER required -> orders.id
      remarks TEXT
deliveries
      id INTEGER pk
      customer_id INTEGER required -> customers.id
      order_version_id INTEGER -> order_versions.id
";

#[test]
fn an_external_id_names_rows_of_its_own_tenant_and_stays_for_them() {
    let schema = schema(TENANTS);
    let orders = ["id", "tenant_id", "customer_id", "external_id"];
    let events = ["id", "tenant_id", "external_order_id"];
    let samples = rows(
        &[
            ("orders", &orders, &[&["1", "1", "1", "x-1"], &["2", "1", "2", "x-2"], &["3", "2", "3", "x-3"]]),
            ("events", &events, &[&["1", "1", "x-1"], &["2", "1", "x-2"], &["3", "2", "x-3"]]),
            ("sync_events", &["id", "external_order_id"], &[&["1", "erp-7"], &["2", "erp-8"], &["3", "erp-9"]]),
        ],
        &schema,
    );
    let draft = answered(&schema, &samples, &[("orders.external_id", &["x-1", "x-2", "x-3"])]);
    let link = "client = { column = [\"tenant_id\", \"external_order_id\"], through = \"orders\", \
                equals = [\"tenant_id\", \"external_id\"] }";
    assert_eq!(client_of(&draft, "events").as_deref(), Some(link), "{}", draft.text);
    assert!(line(&draft, "orders", "external_id").contains("keep = \"rows of other tables name theirs by it\""));
    assert!(line(&draft, "events", "external_order_id").contains("non-personal"), "{}", draft.text);
    // An id of another system is no link, and is cleared.
    assert_eq!(client_of(&draft, "sync_events").as_deref(), Some("client = \"customer_id\""), "{}", draft.text);
    assert!(line(&draft, "sync_events", "external_order_id").contains("clear = true"), "{}", draft.text);
}

#[test]
fn versions_of_documents_are_of_their_client_although_other_tables_refer_to_them() {
    let draft = drafted(&schema(TENANTS), &Samples::new());
    let link = "client = { column = \"order_id\", through = \"orders\" }";
    assert_eq!(client_of(&draft, "order_versions").as_deref(), Some(link), "{}", draft.text);
}

#[test]
fn a_date_that_most_rows_lack_is_no_activity() {
    let schema = schema(TENANTS);
    let activity = |rows_of_orders: &[&[&str]]| {
        let columns = ["id", "ordered_on", "placed_on"];
        drafted(&schema, &rows(&[("orders", &columns, rows_of_orders)], &schema)).text
    };
    let text = activity(&[&["1", "", "2020-01-01"], &["2", "", "2020-01-02"], &["3", "2020-01-03", "2020-01-03"]]);
    assert!(!text.contains("date = \"ordered_on\""), "{text}");
    let text = activity(&[&["1", "2020-01-01", ""], &["2", "2020-01-02", ""], &["3", "", "2020-01-03"]]);
    assert!(text.contains("{ table = \"orders\", date = \"ordered_on\" }"), "{text}");
}

#[test]
fn two_links_that_are_never_both_there_need_no_choice() {
    let schema = schema(
        "customers\n      id INTEGER pk\n      number TEXT unique\n      email TEXT\ntickets\n      id INTEGER pk\n      \
         customer_id INTEGER -> customers.id\n      buyer_id INTEGER -> customers.id\n      remarks TEXT",
    );
    let remarks = |second: &str| {
        let all: Vec<[&str; 4]> = vec![["1", "1", second, "words about it"]; 12];
        let all: Vec<&[&str]> = all.iter().map(|own| &own[..]).collect();
        let samples = rows(&[("tickets", &["id", "customer_id", "buyer_id", "remarks"], &all)], &schema);
        line(&drafted(&schema, &samples), "tickets", "remarks")
    };
    assert!(!remarks("").contains("for ="), "{}", remarks(""));
    assert!(remarks("2").contains("for = \"customer_id\""), "{}", remarks("2"));
}

#[test]
fn names_that_are_the_same_in_all_rows_are_settings() {
    let name = |seen: &[&str]| {
        let schema = schema(
            "customers\n      id INTEGER pk\n      email TEXT\nfiles\n      id INTEGER pk\n      \
             customer_id INTEGER -> customers.id\n      name TEXT required",
        );
        let all: Vec<[&str; 3]> = (0..12).map(|at| ["1", "1", seen[at % seen.len()]]).collect();
        let all: Vec<&[&str]> = all.iter().map(|own| &own[..]).collect();
        line(&drafted(&schema, &rows(&[("files", &["id", "customer_id", "name"], &all)], &schema)), "files", "name")
    };
    assert!(name(&["scan", "logo"]).contains("non-personal"));
    assert!(name(&["Ann Archerson", "Bob Bakerson", "Cid Cooperson", "Dora Dickson"]).contains("replace"));
}
