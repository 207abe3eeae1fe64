//! A column with different actions for rows that different links reach.

use lethe::domain::sweep::SweepKind;

use super::support::{assert_changes, assert_refused, difference, list, outcomes, policy, previewed};
use crate::common::{Company, lethe};

const PAPERS: &str = "
    CREATE TABLE customers (no TEXT PRIMARY KEY, name TEXT, gone INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE papers (id INTEGER PRIMARY KEY, buyer TEXT REFERENCES customers, payer TEXT REFERENCES customers, agent TEXT REFERENCES customers, kind TEXT, contact TEXT);
    INSERT INTO customers (no, name) VALUES ('A', 'Ann Archer'), ('B', 'Bob Baker'), ('C', 'Cid Cook');
    INSERT INTO papers VALUES
        (1, 'A', 'A', NULL, 'cash', 'one'), (2, 'A', 'B', NULL, NULL, 'two'), (3, 'B', 'A', NULL, 'cash', 'three'),
        (4, NULL, 'A', 'B', NULL, 'four'), (5, 'B', 'C', 'A', NULL, 'five'), (6, 'A', NULL, NULL, 'credit', NULL),
        (7, NULL, NULL, NULL, 'cash', 'seven'), (8, 'A', 'B', 'A', 'cash', 'eight');
";

const BY_LINK: &str = r#"[
    { for = "buyer", where = "kind = 'cash'", clear = true },
    { for = "buyer", replace = "buyer {key}" },
    { for = "payer", replace = "payer {key}" },
]"#;

/// The policy for papers, with these actions for their contact, and these columns that are non-personal.
fn papers(actions: &str, non_personal: &str) -> String {
    format!(
        r#"
        client = {{ table = "customers", key = "no", anonymized = "gone" }}
        [tables.customers.columns]
        no.class = "non-personal"
        gone.class = "non-personal"
        name = {{ class = "personal", replace = "Client", identifying = true }}
        [tables.papers]
        client = ["buyer", "payer", "agent"]
        non_personal = ["id", "buyer", "agent", "kind"{non_personal}]
        columns.contact = {{ class = "personal", actions = {actions} }}
        "#
    )
}

const ALL: &str = ", \"payer\"";

#[test]
fn the_first_action_that_matches_is_applied_and_other_rows_stay() {
    assert_changes(
        PAPERS,
        &papers(BY_LINK, ALL),
        &["A"],
        &[
            "- customers: A|Ann Archer|0",
            "+ customers: A|Client|1",
            "- papers: 1|A|A|NULL|cash|one",
            "- papers: 2|A|B|NULL|NULL|two",
            "- papers: 3|B|A|NULL|cash|three",
            "- papers: 4|NULL|A|B|NULL|four",
            "- papers: 6|A|NULL|NULL|credit|NULL",
            "- papers: 8|A|B|A|cash|eight",
            "+ papers: 1|A|A|NULL|cash|NULL",
            "+ papers: 2|A|B|NULL|NULL|buyer A",
            "+ papers: 3|B|A|NULL|cash|payer A",
            "+ papers: 4|NULL|A|B|NULL|payer A",
            "+ papers: 6|A|NULL|NULL|credit|buyer A",
            "+ papers: 8|A|B|A|cash|NULL",
        ],
    );
}

#[test]
fn an_action_without_a_link_is_for_the_other_rows_of_the_client() {
    assert_changes(
        PAPERS,
        &papers("[{ for = \"payer\", where = \"kind = 'cash'\", clear = true }, { replace = \"x\" }]", ALL),
        &["A", "C"],
        &[
            "- customers: A|Ann Archer|0",
            "- customers: C|Cid Cook|0",
            "+ customers: A|Client|1",
            "+ customers: C|Client|1",
            "- papers: 1|A|A|NULL|cash|one",
            "- papers: 2|A|B|NULL|NULL|two",
            "- papers: 3|B|A|NULL|cash|three",
            "- papers: 4|NULL|A|B|NULL|four",
            "- papers: 5|B|C|A|NULL|five",
            "- papers: 6|A|NULL|NULL|credit|NULL",
            "- papers: 8|A|B|A|cash|eight",
            "+ papers: 1|A|A|NULL|cash|NULL",
            "+ papers: 2|A|B|NULL|NULL|x",
            "+ papers: 3|B|A|NULL|cash|NULL",
            "+ papers: 4|NULL|A|B|NULL|x",
            "+ papers: 5|B|C|A|NULL|x",
            "+ papers: 6|A|NULL|NULL|credit|x",
            "+ papers: 8|A|B|A|cash|x",
        ],
    );
}

#[test]
fn on_the_client_table_an_action_without_a_link_is_for_the_own_row() {
    assert_changes(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, friend TEXT REFERENCES customers, greeting TEXT);
         INSERT INTO customers VALUES ('A', NULL, 'hello'), ('B', 'A', 'from Ann'), ('C', 'B', 'from Bob'), ('D', 'A', 'from Ann too');",
        &policy(
            r#"
            [tables.customers]
            client = { name = "friend", column = "friend" }
            columns.no.class = "non-personal"
            columns.friend.class = "non-personal"
            columns.greeting = { class = "personal", actions = [{ for = "friend", where = "no = 'D'", clear = true }, { for = "self", replace = "own" }, { for = "friend", replace = "of a friend" }] }
            "#,
        ),
        &["A", "B"],
        &[
            "- customers: A|NULL|hello",
            "- customers: B|A|from Ann",
            "- customers: C|B|from Bob",
            "- customers: D|A|from Ann too",
            "+ customers: A|NULL|own",
            "+ customers: B|A|own",
            "+ customers: C|B|of a friend",
            "+ customers: D|A|NULL",
        ],
    );
}

#[tokio::test]
async fn the_result_does_not_depend_on_which_client_of_a_row_is_anonymized_first() {
    let mut results = Vec::new();
    for order in [["A", "B"], ["B", "A"]] {
        let company = Company::new(PAPERS, &papers(BY_LINK, ALL)).await;
        for client in order {
            let tally = company.sweep(&list(&company, &[client]).await).await.expect("a sweep");
            assert_eq!(tally.anonymized, 1, "{client} of {order:?}");
            let (back, _) = company.preview(&company.request(SweepKind::Replay)).await;
            assert_eq!(back.tally.looked_at(), 0, "a replay finds something after {client} of {order:?}");
        }
        results.push(company.rows("SELECT id, contact FROM papers ORDER BY id").await);
    }
    let expected = ["1|NULL", "2|buyer A", "3|NULL", "4|payer A", "5|buyer B", "6|buyer A", "7|seven", "8|NULL"];
    assert_eq!(results, [expected, expected]);
}

#[tokio::test]
async fn a_value_written_back_is_found_by_a_replay_and_replaced_by_its_own_action() {
    let company = Company::new(PAPERS, &papers(BY_LINK, ALL)).await;
    company.sweep(&list(&company, &["A", "B"]).await).await.expect("a sweep");
    let after = company.dump().await;
    company.execute("UPDATE papers SET contact = 'back' WHERE id = 4").await;
    assert_eq!(previewed(&company, SweepKind::Replay).await, ["A anonymized written_back:papers.contact"]);
    company.execute("UPDATE papers SET contact = 'back' WHERE id = 2").await;
    let found = previewed(&company, SweepKind::Replay).await;
    assert_eq!(found.len(), 2, "the buyer's and the payer's: {found:?}");
    company.sweep(&company.request(SweepKind::Replay)).await.expect("a replay");
    assert_eq!(difference(&after, &company.dump().await), Vec::<String>::new());
}

#[tokio::test]
async fn a_former_value_in_a_row_that_no_action_matches_fails_the_client() {
    let company = Company::new(PAPERS, &papers(BY_LINK, ALL)).await;
    // The agent's row has another buyer and payer.
    company.execute("UPDATE papers SET contact = 'ask Ann Archer' WHERE id = 5").await;
    assert_eq!(outcomes(&company, &["A"]).await, [r#"A failed ["residue:papers.contact"]"#]);
}

#[test]
fn actions_that_would_never_or_not_only_once_be_applied_are_refused() {
    for (actions, what) in [
        (
            "[{ for = \"buyer\", clear = true }, { for = \"payer\", clear = true }, { for = \"buyer\", replace = \"x\" }]",
            "entry 1 of `actions` takes all rows of link `buyer`, so entry 3 is never taken",
        ),
        ("[{ clear = true }, { for = \"payer\", replace = \"x\" }]", "has no `for` and no `where`"),
        ("[{ for = \"payer\", replace = \"x\" }, { for = \"seller\", clear = true }]", "link `seller` not found"),
        (
            "[{ for = \"buyer\", clear = true }, { for = \"payer\", replace = \"x\", where = \"contact = 'y'\" }]",
            "depends on `contact`",
        ),
        ("[{ for = \"buyer\", clear = true }], for = \"payer\"", "`for` beside `actions`"),
    ] {
        let rules = papers(actions, ALL);
        assert_refused(PAPERS, &rules, "papers.columns.contact", what);
    }
    let cleared = papers(BY_LINK, "") + "columns.payer = { class = \"personal\", clear = true }";
    assert_refused(PAPERS, &cleared, "papers.columns.contact", "depends on `payer`");
}

#[test]
fn an_action_for_rows_behind_rows_that_are_deleted_comes_last() {
    let schema = "CREATE TABLE customers (no TEXT PRIMARY KEY);
         CREATE TABLE orders (id TEXT PRIMARY KEY, customer_no TEXT REFERENCES customers);
         CREATE TABLE notes (id INTEGER PRIMARY KEY, customer_no TEXT REFERENCES customers, order_id TEXT, body TEXT);
         INSERT INTO customers VALUES ('A'), ('B');
         INSERT INTO orders VALUES ('1', 'A'), ('2', 'B');
         INSERT INTO notes VALUES (1, 'A', '1', 'both'), (2, 'B', '1', 'of Bob, on an order of Ann'), (3, NULL, '1', 'order'), (4, 'A', '2', 'of Ann, on an order of Bob');";
    let rules = |actions: &str| {
        policy(&format!(
            r#"
            tables.customers.columns.no.class = "non-personal"
            [tables.orders]
            client = "customer_no"
            rows = "delete"
            [tables.notes]
            client = [{{ name = "client", column = "customer_no" }}, {{ name = "order", column = "order_id", through = "orders", equals = "id" }}]
            non_personal = ["id", "customer_no", "order_id"]
            columns.body = {{ class = "personal", actions = [{actions}] }}
            "#
        ))
    };
    let (client, order) = ("{ for = \"client\", clear = true }", "{ for = \"order\", replace = \"an order\" }");
    let what = "once `orders` has changed, entry 1 of `actions` no longer reaches its rows";
    assert_refused(schema, &rules(&format!("{order}, {client}")), "notes.columns.body", what);
    assert_changes(
        schema,
        &rules(&format!("{client}, {order}")),
        &["A"],
        &[
            "- notes: 1|A|1|both",
            "- notes: 2|B|1|of Bob, on an order of Ann",
            "- notes: 3|NULL|1|order",
            "- notes: 4|A|2|of Ann, on an order of Bob",
            "+ notes: 1|A|1|NULL",
            "+ notes: 2|B|1|an order",
            "+ notes: 3|NULL|1|an order",
            "+ notes: 4|A|2|NULL",
            "- orders: 1|A",
        ],
    );
}

#[tokio::test]
async fn every_action_is_shown_with_its_link() {
    let company = Company::new(PAPERS, &papers(BY_LINK, ALL)).await;
    let folder = company.folder.path();
    std::fs::write(folder.join("lethe.toml"), format!("database = \"{}\"\n", company.place.setting())).expect("a file");
    let shown = lethe(folder).args(["policy", "show"]).output().expect("lethe runs");
    let shown = String::from_utf8(shown.stdout).expect("text");
    let all = "clear for buyer where kind = 'cash'; else replace by `buyer {key}` for buyer; else replace by `payer {key}` for payer";
    assert!(shown.contains(all), "{shown}");
}
