use super::*;

fn shop() -> Schema {
    schema(
        "customers
            id INTEGER pk
            email TEXT
            phone TEXT
            rep_id INTEGER -> employees.id
         employees
            id INTEGER pk
            last_name TEXT
            birth_date DATE
         orders
            id INTEGER pk
            customer_id INTEGER required -> customers.id
            order_date DATETIME
            status TEXT
         Order Details
            order_id INTEGER pk -> orders.id
            line_no INTEGER pk
            quantity INTEGER
         products
            id INTEGER pk
            name TEXT",
    )
}

fn client_line(draft: &Draft, table: &str) -> String {
    let part = draft.text.split_once(&format!("[tables.{table}]\n")).unwrap_or_else(|| panic!("{}", draft.text)).1;
    part.lines().next().unwrap().to_owned()
}

#[test]
fn tables_are_reached_by_foreign_keys_and_over_hops() {
    let draft = drafted(&shop(), &Samples::new());
    assert_eq!(draft.client_table, "customers");
    assert_eq!(draft.tables, 3);
    assert_eq!(client_line(&draft, "orders"), "client = \"customer_id\"");
    assert_eq!(client_line(&draft, "\"Order Details\""), "client = { column = \"order_id\", through = \"orders\" }");
    let places = ["[tables.customers.columns]", "[tables.orders]", "[tables.\"Order Details\"]"];
    let order: Vec<usize> = places.iter().map(|place| draft.text.find(place).unwrap()).collect();
    assert!(order.is_sorted(), "{}", draft.text);
    assert!(
        draft.text.contains("reason = \"set-up and products: no row is about one client\"\ntables = [\"products\"]")
    );
    assert!(draft.text.contains("tables = [\"employees\"]"));
}

#[test]
fn people_that_clients_refer_to_are_mentioned_and_left_alone() {
    let draft = drafted(&shop(), &Samples::new());
    let said = "#   employees: `customers.rep_id` refers to it, and it has `last_name`, `birth_date`\n";
    assert!(draft.text.contains(said), "{}", draft.text);
}

#[test]
fn activity_is_live_and_guards_are_proposed_with_the_statuses_seen() {
    let draft = drafted(&shop(), &samples(&[("orders.status", &["open", "shipped", "cancelled", "open"])]));
    assert!(draft.text.contains("{ table = \"orders\", date = \"order_date\" },"), "{}", draft.text);
    let guard = "# where  = \"status NOT IN ('cancelled', 'shipped')\"   # seen: cancelled, open, shipped\n";
    assert!(draft.text.contains(guard), "{}", draft.text);
    assert!(Policy::parse(&draft.text).unwrap().guards.is_empty());
}

#[test]
fn without_foreign_keys_the_names_of_columns_lead_to_the_client() {
    for (column, kind) in [
        ("customer_no", "TEXT"),
        ("customerid", "TEXT"),
        ("CustomerID", "TEXT"),
        ("customer", "TEXT"),
        ("client_id", "TEXT"),
        ("sell_to_customer_no", "TEXT"),
    ] {
        let text =
            format!("Customer\n      no TEXT pk\n      email TEXT\nvisits\n      id INTEGER pk\n      {column} {kind}");
        let draft = drafted(&schema(&text), &Samples::new());
        assert_eq!(client_line(&draft, "visits"), format!("client = \"{column}\""));
        assert!(draft.text.contains(
            "# Linked by the name of the column; there is no foreign key, and no value to test it.\n[tables.visits]"
        ));
    }
}

#[test]
fn a_column_that_merely_sounds_like_the_client_is_no_link() {
    let text = "customers\n      id INTEGER pk\n      email TEXT\nnews\n      id INTEGER pk\n      ";
    for column in ["customer_type INTEGER", "customer TEXT", "customer_name TEXT", "customer_group_id TEXT"] {
        let seen = samples(&[("news.customer", &["Jane Doe", "Ann Roe"])]);
        assert_eq!(drafted(&schema(&format!("{text}{column}")), &seen).tables, 1, "{column}");
    }
}

#[test]
fn several_links_ask_whose_data_a_column_is() {
    let schema = schema(
        "customers
            no TEXT pk
            email TEXT
         invoices
            no TEXT pk
            sell_to_customer_no TEXT
            bill_to_customer_no TEXT
            bill_to_contact_name TEXT
            ship_to_address TEXT",
    );
    let draft = drafted(&schema, &Samples::new());
    assert_eq!(client_line(&draft, "invoices"), "client = [\"sell_to_customer_no\", \"bill_to_customer_no\"]");
    let billed = line(&draft, "invoices", "bill_to_contact_name");
    assert!(billed.contains("for = \"bill_to_customer_no\"") && !billed.starts_with('#'), "{billed}");
    assert_eq!(draft.uncertain, ["invoices.ship_to_address"]);
}

#[test]
fn composite_keys_are_matched_part_by_part() {
    let schema = schema(
        "customers
            company TEXT pk
            no TEXT pk
            email TEXT
         visits
            id INTEGER pk
            company TEXT
            customer_no TEXT
         other
            id INTEGER pk
            customer_no TEXT",
    );
    let draft = drafted_lenient(&schema);
    assert!(draft.text.contains("key   = [\"company\", \"no\"]"));
    assert_eq!(client_line(&draft, "visits"), "client = { column = [\"company\", \"customer_no\"] }");
    assert_eq!(draft.tables, 2);
}

fn drafted_lenient(schema: &Schema) -> Draft {
    let draft = first_draft(schema, &Samples::new(), &DraftOptions::default()).unwrap();
    Policy::parse(&draft.text).unwrap();
    draft
}

#[test]
fn owners_by_type_and_id_are_linked_by_the_types_seen() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
         orders
            id INTEGER pk
            client_id INTEGER -> clients.id
         files
            id INTEGER pk
            owner_type TEXT
            owner_id INTEGER",
    );
    let seen = samples(&[("files.owner_type", &["App\\Models\\Client", "Order", "Team"])]);
    let draft = drafted(&schema, &seen);
    let text = &draft.text;
    assert!(text.contains("{ column = \"owner_id\", where = \"owner_type = 'App\\\\Models\\\\Client'\" }"), "{text}");
    assert!(text.contains("through = \"orders\", equals = \"id\", where = \"owner_type = 'Order'\""), "{text}");
    assert!(text.contains("# Rows of these owners are not linked: Team."), "{text}");

    let unseen = drafted(&schema, &Samples::new());
    assert!(unseen.text.contains("#   files: `owner_type` and `owner_id` say whose a row is (no value was sampled)"));
}

#[test]
fn link_tables_lead_on_to_what_they_link() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
         client_addresses
            client_id INTEGER pk -> clients.id
            address_id INTEGER pk -> addresses.id
         addresses
            id INTEGER pk
            street TEXT
            zip TEXT",
    );
    let draft = drafted(&schema, &Samples::new());
    let link =
        "client = { column = \"id\", through = \"client_addresses\", equals = \"address_id\", exclusive = true }";
    assert_eq!(client_line(&draft, "addresses"), link);
    assert!(draft.text.contains("# rows = \"delete\""));
}

#[test]
fn a_row_that_may_lack_its_client_is_also_reached_through_its_document() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
         orders
            id INTEGER pk
            client_id INTEGER required -> clients.id
         payments
            id INTEGER pk
            client_id INTEGER -> clients.id
            order_id INTEGER -> orders.id",
    );
    let draft = drafted(&schema, &Samples::new());
    assert_eq!(
        client_line(&draft, "payments"),
        "client = [\"client_id\", { column = \"order_id\", through = \"orders\" }]"
    );
}

#[test]
fn references_in_a_circle_end() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
            last_order_id INTEGER -> orders.id
            bill_to_client_id INTEGER -> clients.id
         orders
            id INTEGER pk
            client_id INTEGER -> clients.id
            payment_id INTEGER -> payments.id
         payments
            id INTEGER pk
            client_id INTEGER -> clients.id
            order_id INTEGER -> orders.id",
    );
    let draft = drafted(&schema, &Samples::new());
    assert_eq!(draft.tables, 3);
    assert!(draft.text.contains("# where  = \"id <> bill_to_client_id\""), "{}", draft.text);
}

#[test]
fn a_key_value_table_lists_the_keys_seen() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
         client_meta
            id INTEGER pk
            client_id INTEGER -> clients.id
            meta_key TEXT
            meta_value TEXT",
    );
    let draft = drafted(&schema, &samples(&[("client_meta.meta_key", &["mobile_phone", "shirt_size"])]));
    assert!(draft.text.contains("key_value = { key = \"meta_key\", value = \"meta_value\" }"), "{}", draft.text);
    assert!(draft.text.contains("mobile_phone = { class = \"personal\", clear = true, identifying = true }"));
}

#[test]
fn the_client_table_is_found_in_three_languages() {
    for name in
        ["Customer", "tblKunden", "adhérents", "MEMBRES", "patients", "donors", "user", "contacts", "crm_clients"]
    {
        let text = format!(
            "{name}\n      id INTEGER pk\n      email TEXT\ncustomer_groups\n      id INTEGER pk\n      name TEXT"
        );
        assert_eq!(drafted(&schema(&text), &Samples::new()).client_table, name);
    }
}

#[test]
fn clients_outweigh_the_users_of_the_program() {
    let schema = schema(
        "customers
            id INTEGER pk
            name TEXT
            email TEXT
            created_by INTEGER -> users.id
         users
            id INTEGER pk
            email TEXT
            password_hash TEXT
         orders
            id INTEGER pk
            customer_id INTEGER -> customers.id
            user_id INTEGER -> users.id",
    );
    assert_eq!(drafted(&schema, &Samples::new()).client_table, "customers");
}

#[test]
fn where_the_client_table_cannot_be_told_the_person_is_asked() {
    let two = "clients\n      id INTEGER pk\n      email TEXT\npatients\n      id INTEGER pk\n      email TEXT";
    let error = first_draft(&schema(two), &Samples::new(), &DraftOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "several tables could be the table of clients: `clients`, `patients`");
    let hint = error.hint();
    assert!(
        hint.starts_with("pass `--client TABLE`, such as `--client clients`: `clients` (0 tables refer to it, "),
        "{hint}"
    );
    let options = DraftOptions { client_table: Some("PATIENTS".into()), key: None };
    assert_eq!(first_draft(&schema(two), &Samples::new(), &options).unwrap().client_table, "patients");

    let none = "frobs\n      id INTEGER pk\n      email TEXT\n      phone TEXT";
    let error = first_draft(&schema(none), &Samples::new(), &DraftOptions::default()).unwrap_err();
    assert_eq!(error, DraftError::NoClientTable { candidates: vec!["frobs".into()] });
    assert_eq!(first_draft(&schema(""), &Samples::new(), &DraftOptions::default()), Err(DraftError::NoTables));
}

#[test]
fn wishes_that_cannot_be_met_say_so() {
    let schema =
        schema("clients\n      id INTEGER pk\n      no TEXT required unique\n      email TEXT required unique");
    let wish = |table: &str, key: &[&str]| DraftOptions {
        client_table: Some(table.into()),
        key: (!key.is_empty()).then(|| key.iter().map(|name| (*name).to_owned()).collect()),
    };
    let said = |options| first_draft(&schema, &Samples::new(), &options).map(|draft| draft.client_table);
    let error = said(wish("client", &[])).unwrap_err();
    assert_eq!(
        (error.to_string(), error.hint()),
        ("table `client` not found".into(), "did you mean `clients`?".into())
    );
    assert!(matches!(said(wish("clients", &["nr"])), Err(DraftError::UnknownKeyColumn { .. })));
    let text = first_draft(&schema, &Samples::new(), &wish("clients", &["NO"])).unwrap().text;
    assert!(text.contains("key   = \"no\""), "{text}");
}

#[test]
fn an_address_that_will_change_is_never_the_key() {
    let by_mail = schema("clients\n      email TEXT required unique\n      phone TEXT");
    let error = first_draft(&by_mail, &Samples::new(), &DraftOptions::default()).unwrap_err();
    assert_eq!(error, DraftError::NoKey { table: "clients".into() });
    let error = first_draft(
        &schema("clients\n      id INTEGER pk\n      email TEXT"),
        &Samples::new(),
        &DraftOptions { client_table: None, key: Some(vec!["email".into()]) },
    );
    assert!(matches!(error, Err(DraftError::KeyNotUnique { .. })));
}
