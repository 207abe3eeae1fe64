//! Guards and links: names that are taken, ways that lead nowhere or round.

use insta::assert_snapshot;

use super::office::Office;

#[test]
fn two_guards_of_one_name_are_refused() {
    let office =
        Office::new().policy_and("[[guards]]\nname = \"open-orders\"\nreason = \"has orders\"\ntable = \"orders\"\n");
    let text = std::fs::read_to_string(office.path("policy.toml")).expect("the policy");
    assert_eq!(text.matches("[[guards]]").count(), 2);
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders
        two guards are called `open-orders`
        fix: give each guard a name of its own

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_guard_cannot_be_called_hold() {
    let office = Office::new().policy("name = \"open-orders\"", "name = \"hold\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.hold
        `hold` is reserved for holds
        fix: give the guard a name of its own

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_guard_is_called_in_small_letters() {
    let office = Office::new().policy("name = \"open-orders\"", "name = \"Open orders\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      guards.Open orders
        `Open orders` is not a valid name for a guard
        fix: use lowercase letters, digits and `-`, such as `open-documents`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_guard_that_refuses_all_clients_is_refused() {
    let office = Office::new().policy("table = \"orders\"\nwhere = \"status = 'open'\"\n", "");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders
        a guard on the client table without `where` would refuse every client
        fix: add `where = "…"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_guard_on_a_table_without_a_way_is_refused() {
    let office = Office::new().policy("table = \"orders\"\nwhere = \"status = 'open'\"\n", "table = \"countries\"\n");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      guards.open-orders
        nothing says how a row of `countries` belongs to its client
        fix: add `client = "<the column with the client's key>"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_table_without_a_way_is_refused() {
    let office = Office::new().policy_and("[tables.countries]\nrows = \"delete\"\n");
    assert_snapshot!(office.check(), @r#"
    error: the policy cannot become a plan: 1 problem to fix
      tables.countries
        nothing says how a row of `countries` belongs to its client
        fix: add `client = "<the column with the client's key>"`, or `free = "<why it holds no client data>"`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    "#);
}

#[test]
fn a_way_that_goes_round_in_a_circle_is_refused() {
    let office = Office::new().policy(
        "[tables.orders]\nclient = \"customer_no\"",
        "[tables.orders]\nclient = { column = \"id\", through = \"order_lines\", equals = \"order_id\" }",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 2 problems to fix
      tables.orders.client
        the links to the client form a circle: `orders` -> `order_lines` -> `orders`
        fix: name the column that leads out of the circle, or declare the table free
      tables.order_lines.client
        the links to the client form a circle: `order_lines` -> `orders` -> `order_lines`
        fix: name the column that leads out of the circle, or declare the table free

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_way_through_a_free_table_is_refused() {
    let office = Office::new()
        .policy("through = \"orders\"", "through = \"countries\", equals = \"code\"")
        .policy_and("[tables.countries]\nfree = \"only countries\"\n");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.order_lines.client
        goes through `countries`, which does not say how its rows belong to a client
        fix: give `[tables.countries]` a `client = …`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_way_through_an_unknown_table_is_refused() {
    let office = Office::new().policy("through = \"orders\"", "through = \"ordres\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.order_lines.client
        the database has no table `ordres`
        fix: did you mean `orders`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_way_over_an_unknown_column_is_refused() {
    let office = Office::new().policy("column = \"order_id\", through", "column = \"order_no\", through");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.order_lines.client
        table `order_lines` has no column `order_no`
        fix: did you mean `order_id`?

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn one_column_cannot_equal_two() {
    let office =
        Office::new().policy("through = \"orders\"", "through = \"orders\", equals = [\"id\", \"customer_no\"]");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.order_lines.client
        `order_id` cannot equal `id`, `customer_no`: 1 and 2 columns
        fix: name as many columns as the other side has, in the same order

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_link_that_a_way_should_follow_has_to_be_there() {
    let office = Office::new().policy("through = \"orders\"", "through = \"orders\", for = \"bill_to\"");
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.order_lines.client
        `orders` has no link called `bill_to`
        fix: a link has the name of its column, or the `name` that it is given

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn a_rule_for_an_unknown_link_is_refused() {
    let office = Office::new().policy(
        "note = { class = \"personal\", clear = true }",
        "note = { class = \"personal\", clear = true, for = \"bill_to\" }",
    );
    assert_snapshot!(office.check(), @r"
    error: the policy cannot become a plan: 1 problem to fix
      tables.orders.columns.note
        link `bill_to` not found
        fix: the links of this table are `customer_no`

    hint: fix each place in the policy, then run `lethe policy check` again; nothing was written
    ");
}

#[test]
fn foreign_keys_that_go_round_in_a_circle_are_no_obstacle() {
    let office = Office::with(
        "CREATE TABLE teams (id INTEGER PRIMARY KEY, lead INTEGER REFERENCES people (id), customer_no TEXT REFERENCES customers (no));
         CREATE TABLE people (id INTEGER PRIMARY KEY, team INTEGER REFERENCES teams (id), boss INTEGER REFERENCES people (id), nick TEXT);
         INSERT INTO teams VALUES (1, NULL, 'C1');
         INSERT INTO people VALUES (1, 1, 1, 'Ann');
         UPDATE teams SET lead = 1;",
    )
    .policy_and(
        "[tables.teams]\nclient = \"customer_no\"\nrows = [{ delete = \"1 = 0\" }]\n[tables.teams.columns]\nid = { class = \"non-personal\" }\n\
         lead = { class = \"non-personal\" }\ncustomer_no = { class = \"non-personal\" }\n\
         [tables.people]\nclient = { column = \"team\", through = \"teams\" }\n[tables.people.columns]\n\
         id = { class = \"non-personal\" }\nteam = { class = \"non-personal\" }\nboss = { class = \"non-personal\" }\n\
         nick = { class = \"personal\", clear = true }\n",
    );
    assert!(office.done(&["policy", "check"]).starts_with("The policy is valid"));
    let rehearsed = office.done(&["sweep", "--due", "--rehearse", "--json"]);
    let tally: serde_json::Value = serde_json::from_str(&rehearsed).expect("JSON");
    assert_eq!((&tally["anonymized"], &tally["failed"]), (&1.into(), &0.into()), "{rehearsed}");
}

#[test]
fn rows_that_hold_each_other_fail_with_a_reason_and_stay() {
    let office = Office::with(
        "CREATE TABLE pairs (id INTEGER PRIMARY KEY, other INTEGER REFERENCES couples (id), customer_no TEXT REFERENCES customers (no));
         CREATE TABLE couples (id INTEGER PRIMARY KEY, other INTEGER REFERENCES pairs (id), customer_no TEXT REFERENCES customers (no));
         INSERT INTO pairs VALUES (1, NULL, 'C1');
         INSERT INTO couples VALUES (1, 1, 'C1');
         UPDATE pairs SET other = 1;",
    )
    .policy_and("[tables.pairs]\nclient = \"customer_no\"\nrows = \"delete\"\n[tables.couples]\nclient = \"customer_no\"\nrows = \"delete\"\n");
    let before = office.rows();
    let (rehearsed, _) = office.failed(&["sweep", "--due", "--rehearse", "--clients"]);
    assert!(rehearsed.starts_with("C1\tfailed\tFOREIGN KEY constraint failed\n"), "{rehearsed}");
    assert_eq!(office.rows(), before);
}
