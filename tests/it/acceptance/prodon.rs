//! A donor manager: the configuration, who is taken, and what becomes of the
//! client's file. What the portal and the pages show is in `prodon_online`.

use std::collections::BTreeSet;

use super::snapshot::Snapshot;
use super::trade::{Trade, ago, today, years_ago};

/// The charity, whose client 1 is due and has something in every table.
pub async fn charity() -> Trade {
    Trade::of("prodon").await
}

/// The charity before and after these clients are anonymized.
pub async fn anonymized(keys: &[&str]) -> (Trade, Snapshot, Snapshot) {
    let trade = charity().await;
    let before = trade.snapshot().await;
    let ended = trade.list(keys);
    assert_eq!(ended["progress"]["anonymized"], keys.len(), "{ended}");
    let after = trade.snapshot().await;
    (trade, before, after)
}

/// What a sweep of client 1 says when it must refuse to begin; nothing may have changed.
async fn refused(trade: &Trade) -> String {
    let before = trade.snapshot().await;
    trade.write("list.txt", "1");
    let answer = trade.run(&["sweep", "--list", "list.txt", "--rehearse"]);
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert_eq!(trade.snapshot().await, before);
    answer.err
}

#[tokio::test]
async fn p01_every_kind_of_information_is_covered() {
    let (trade, before, after) = anonymized(&["1"]).await;
    let answer = trade.run(&["policy", "check"]);
    assert!(answer.out.contains("Every column that reaches clients is classified."), "{}{}", answer.out, answer.err);
    let touched: BTreeSet<String> =
        after.touched_since(&before).iter().filter_map(|own| own.split('.').next().map(str::to_owned)).collect();
    let kinds =
        ["clients", "relations", "client_characteristics", "client_custom_fields", "client_categories", "tasks"];
    for table in kinds.into_iter().chain(["communications", "addresses"]) {
        assert!(touched.contains(table), "something of `{table}` has changed: {touched:?}");
    }
}

#[tokio::test]
async fn p02_each_item_has_a_type_of_data_and_an_action_that_decides_what_becomes_of_it() {
    let field = |after: &Snapshot, code: &str| after.text("client_custom_fields", &format!("1,{code}"), "value");
    let (_, before, after) = anonymized(&["1"]).await;
    // Non-personal is kept; personal and sensitive are deleted.
    assert_eq!([field(&before, "SEGMENT"), field(&after, "SEGMENT")], ["R1", "R1"]);
    assert_eq!([field(&before, "TSHIRT"), field(&after, "TSHIRT")], ["M", "NULL"]);
    assert_eq!([field(&before, "ACCESS"), field(&after, "ACCESS")], ["Step-free, please", "NULL"]);

    let trade = charity().await;
    trade
        .amend_policy(r#"SEGMENT  = { class = "non-personal" }"#, r#"SEGMENT  = { class = "personal", clear = true }"#);
    trade.amend_policy(
        r#"TSHIRT   = { class = "personal", clear = true }"#,
        r#"TSHIRT   = { class = "personal", keep = "the shirts are ordered by size" }"#,
    );
    trade.list(&["1"]);
    let after = trade.snapshot().await;
    assert_eq!([field(&after, "SEGMENT"), field(&after, "TSHIRT")], ["NULL", "M"]);

    let trade = charity().await;
    trade.amend_policy(r#"SEGMENT  = { class = "non-personal" }"#, r#"SEGMENT  = { class = "personal" }"#);
    assert!(refused(&trade).await.contains("tables.client_custom_fields.keys.SEGMENT"));
}

#[tokio::test]
async fn p03_sensitive_data_cannot_be_kept_whatever_it_is() {
    for (from, place) in [
        (r#"national_id   = { class = "sensitive", identifying = true }"#, "clients.columns.national_id"),
        (r#"account_number = { class = "sensitive", identifying = true }"#, "commitments.columns.account_number"),
        (r#"HEALTH    = { class = "sensitive" }"#, "client_characteristics.keys.HEALTH"),
        (r#"ACCESS   = { class = "sensitive" }"#, "client_custom_fields.keys.ACCESS"),
        (r#"PARISH    = { class = "sensitive" }"#, "client_categories.keys.PARISH"),
        (r#"VISIT  = { class = "personal", clear = true }"#, "tasks.keys.VISIT"),
        (r#"EMERGENCY = { class = "personal", replace = "Anonymized client" }"#, "communications.keys.EMERGENCY"),
    ] {
        let trade = charity().await;
        let name = from.split(' ').next().expect("a name");
        trade.amend_policy(from, &format!(r#"{name} = {{ class = "sensitive", keep = "for the archive" }}"#));
        let said = refused(&trade).await;
        assert!(said.contains(&format!("tables.{place}")) && said.contains("sensitive"), "{said}");
    }
}

#[tokio::test]
async fn p04_one_column_or_one_item_that_is_not_classified_refuses_the_run_and_is_named() {
    let trade = charity().await;
    trade.execute("ALTER TABLE clients ADD COLUMN hat_size TEXT").await;
    let said = refused(&trade).await;
    assert!(said.contains("tables.clients.columns.hat_size") && said.contains("not classified"), "{said}");

    for (definition, item, place) in [
        (
            "custom_fields VALUES ('PET', 'Name of the pet', 'text')",
            "client_custom_fields VALUES (1, 'PET', 'Rex')",
            "client_custom_fields",
        ),
        (
            "characteristics VALUES ('PET', 'Pet')",
            "client_characteristics VALUES (1, 'PET', 'a dog')",
            "client_characteristics",
        ),
        (
            "categories VALUES ('PET', 'Has one')",
            "client_categories VALUES (1, 'PET', NULL, NULL)",
            "client_categories",
        ),
        (
            "communication_types VALUES ('PET', 'By pigeon')",
            "communications VALUES (9001, 1, 'PET', 'coo', TRUE)",
            "communications",
        ),
        ("task_types VALUES ('PET', 'Walk it')", "tasks VALUES (9001, 'PET', 1, 'Rex', NULL, FALSE, 'TOM')", "tasks"),
    ] {
        let trade = charity().await;
        trade.execute(&format!("INSERT INTO {definition}; INSERT INTO {item}")).await;
        let said = refused(&trade).await;
        assert!(said.contains("`PET`") && said.contains(place), "{said}");
    }
}

#[tokio::test]
async fn p07_companies_are_left_alone() {
    let trade = charity().await;
    let companies = trade.rows("SELECT client_no FROM clients WHERE client_type = 'Company' ORDER BY client_no").await;
    let before = trade.snapshot().await;
    let ended = trade.sweep(&["--period"]);
    assert_eq!(ended["refusals"]["company"], ended["progress"]["refused"]);
    assert_eq!(ended["progress"]["refused"], companies.len(), "each of them was due, and is named with the reason");
    assert_eq!(trade.outcome("3"), "refused: company");
    let after = trade.snapshot().await;
    for company in &companies {
        assert_eq!(after.row("clients", company), before.row("clients", company));
    }
    // Nor does a person's word make it go.
    assert_eq!(trade.forget(&["3"])["refusals"]["company"], 1);
    assert_eq!(trade.snapshot().await, after);
}

#[tokio::test]
async fn p08_a_receipt_within_the_last_six_years_keeps_an_individual() {
    let trade = charity().await;
    let (last, before) = (years_ago(6), years_ago(6).pred_opt().expect("a day"));
    let client = |no: u32, made: chrono::NaiveDate| {
        format!(
            "INSERT INTO clients (client_no, client_type, first_name, last_name, created_on) VALUES ({no}, 'Individual', 'Test', 'Boundary', '{made}');"
        )
    };
    let receipt = |no: u32, client: u32, day: chrono::NaiveDate, cancelled: &str| {
        format!(
            "INSERT INTO receipts (receipt_no, client_no, issued_on, amount, name, cancelled) VALUES ({no}, {client}, '{day}', 5, 'Test Boundary', {cancelled});"
        )
    };
    let long_ago = ago(8000);
    trade
        .execute(
            &[
                client(901, long_ago) + &receipt(901, 901, last, "FALSE"),
                client(902, long_ago) + &receipt(902, 902, before, "FALSE"),
                client(903, long_ago) + &receipt(903, 903, before, "FALSE") + &receipt(904, 903, today(), "FALSE"),
                client(904, long_ago) + &receipt(905, 904, before, "FALSE") + &receipt(906, 904, today(), "TRUE"),
                // Without any receipt there is nothing to wait for.
                client(905, last),
                client(906, before),
            ]
            .concat(),
        )
        .await;
    let keys = ["901", "902", "903", "904", "905", "906"];
    let ended = trade.list(&keys);
    assert_eq!(ended["progress"]["anonymized"], 4, "{ended}");
    let outcomes: Vec<String> = keys.iter().map(|key| trade.outcome(key)).collect();
    assert_eq!(outcomes, ["not_due", "anonymized", "not_due", "anonymized", "anonymized", "anonymized"]);
    let names = trade.rows("SELECT first_name FROM clients WHERE client_no > 900 ORDER BY client_no").await;
    assert_eq!(
        names,
        ["Test", "Anonymized client", "Test", "Anonymized client", "Anonymized client", "Anonymized client"]
    );
}

#[tokio::test]
async fn p09_photos_and_folders_are_emptied_and_so_is_the_disk() {
    let trade = charity().await;
    let files = [
        "photos/1/marguerite.jpg",
        "photos/1/walk.jpg",
        "photos/2/zoe.jpg",
        "folders/client-1/a.pdf",
        "folders/client-1/old/b.pdf",
        "folders/client-2/c.pdf",
    ];
    for file in files {
        trade.write(&format!("files/{file}"), "a picture of a client");
    }
    let there =
        |trade: &Trade| files.into_iter().filter(|file| trade.path("files").join(file).exists()).collect::<Vec<_>>();
    trade.list(&["1"]);
    let after = trade.snapshot().await;
    assert_eq!([after.text("clients", "1", "photo"), after.text("clients", "1", "folder")], ["NULL", "NULL"]);
    assert_eq!(after.text("participants", "1", "page_photo"), "NULL");
    // Client 12 has the same photo: it goes with the last one.
    assert_eq!(there(&trade), ["photos/1/marguerite.jpg", "photos/2/zoe.jpg", "folders/client-2/c.pdf"]);
    assert!(!trade.path("files/folders/client-1").exists());
    trade.list(&["12"]);
    assert_eq!(there(&trade), ["photos/2/zoe.jpg", "folders/client-2/c.pdf"]);
}

#[tokio::test]
async fn p10_relations_say_anonymized_client_on_both_sides() {
    let (_, before, after) = anonymized(&["1"]).await;
    // In 1 the client is the one, in 2 the other.
    for (relation, types) in [("1", ["Parent", "Child"]), ("2", ["Cousin, twice removed", "Cousin, twice removed"])] {
        let both = |moment: &Snapshot| {
            ["relation_type", "reverse_type"].map(|column| moment.text("relations", relation, column))
        };
        assert_eq!(both(&before), types);
        assert_eq!(both(&after), ["Anonymized client", "Anonymized client"]);
    }
    let others = |moment: &Snapshot| {
        moment.table("relations").clone().into_iter().filter(|(key, _)| key != "1" && key != "2").collect::<Vec<_>>()
    };
    assert_eq!(others(&before), others(&after));
    assert!(others(&after).len() > 50);
}

#[tokio::test]
async fn p11_anonymized_client_stands_where_the_name_stood() {
    let (_, before, after) = anonymized(&["1", "12"]).await;
    for column in ["first_name", "last_name"] {
        assert_eq!(after.text("clients", "1", column), "Anonymized client");
    }
    for address in ["1", "1001"] {
        assert_eq!(after.text("addresses", address, "address"), "Anonymized client");
        assert_eq!(after.text("addresses", address, "identification"), "Anonymized client");
    }
    for means in ["1", "1001", "2001", "2002", "2003"] {
        assert_eq!(after.text("communications", means, "value"), "Anonymized client");
    }
    // A greeting that all clients get stays.
    let greeting = |moment: &Snapshot, key: &str| moment.text("clients", key, "long_greeting");
    assert_eq!([greeting(&before, "1"), greeting(&after, "1")], ["Dear Auntie Margo 🌊", "Anonymized client"]);
    assert_eq!(
        [greeting(&before, "12"), greeting(&after, "12")],
        ["Dear friends of the river", "Dear friends of the river"]
    );
    assert_eq!(after.text("clients", "12", "last_name"), "Anonymized client");
}

#[tokio::test]
async fn p12_tasks_of_the_main_contact_alone_are_deleted_and_the_others_survive_without_the_client() {
    let (trade, before, after) = anonymized(&["1"]).await;
    let of = |moment: &Snapshot, table: &str| {
        moment
            .table(table)
            .keys()
            .filter(|key| key.split(',').next().expect("a key").len() == 1)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&before, "tasks"), ["1", "2", "3", "4", "5", "6", "7"]);
    // She was the main contact of 1 and 2, and the only client of 3.
    assert_eq!(of(&after, "tasks"), ["4", "5", "6", "7"]);
    assert_eq!(of(&after, "task_clients"), ["4,12", "6,2", "7,2"]);
    for task in ["4", "5", "6", "7"] {
        assert_eq!(after.row("tasks", task), before.row("tasks", task));
    }
    // Of the two in task 4 none is left then.
    trade.list(&["12"]);
    let after = trade.snapshot().await;
    assert_eq!(of(&after, "tasks"), ["5", "6", "7"]);
    assert_eq!(of(&after, "task_clients"), ["6,2", "7,2"]);
}

#[tokio::test]
async fn p13_what_was_promised_ends_and_what_had_ended_stays_as_it_was() {
    let (_, before, after) = anonymized(&["1"]).await;
    let state =
        |moment: &Snapshot, key: &str| ["status", "ends_on"].map(|column| moment.text("commitments", key, column));
    assert_eq!(state(&before, "1"), ["active", "NULL"]);
    assert_eq!(state(&after, "1"), ["ended", &today().to_string()]);
    assert_eq!(state(&after, "2"), state(&before, "2"));
    assert_eq!(state(&after, "2")[0], "ended");
    assert_eq!(after.row("commitments", "3"), before.row("commitments", "3"), "another client's goes on");
}

#[tokio::test]
async fn p14_the_other_fields_are_emptied() {
    let (_, before, after) = anonymized(&["1"]).await;
    let filled = |moment: &Snapshot, table: &str, key: &str| {
        let row = moment.row(table, key).iter().filter(|(_, value)| !value.is_null() && value.as_str() != Some(""));
        row.map(|(column, _)| column.clone()).collect::<BTreeSet<_>>()
    };
    let left: Vec<String> = filled(&after, "clients", "1").into_iter().collect();
    let said = [
        "anonymized",
        "anonymized_on",
        "client_no",
        "client_type",
        "created_on",
        "first_name",
        "last_name",
        "long_greeting",
        "long_greeting_personalized",
    ];
    assert_eq!(left, said);
    assert!(filled(&before, "clients", "1").len() > said.len() + 7);
    let left: Vec<String> = filled(&after, "addresses", "1").into_iter().collect();
    assert_eq!(left, ["address", "address_id", "client_no", "identification", "is_main"]);
    let gone: Vec<String> = filled(&before, "addresses", "1").into_iter().filter(|own| !left.contains(own)).collect();
    assert_eq!(gone, ["city", "country", "postal_code", "province"]);
}
