use super::*;

/// The line of one column of the client table, decided or not.
fn guessed(column: &str, seen: &[&str]) -> String {
    let name = column.split_whitespace().next().unwrap();
    let schema = schema(&format!("clients\n      id INTEGER pk\n      email TEXT\n      {column}"));
    let samples = samples(&[(&format!("clients.{name}"), seen)]);
    line(&drafted(&schema, &samples), "clients", name)
}

/// The same on a table of documents.
pub(super) fn guessed_on_documents(column: &str, seen: &[&str]) -> String {
    let name = column.split_whitespace().next().unwrap();
    let schema = schema(&format!(
        "clients\n      id INTEGER pk\n      email TEXT\norders\n      id INTEGER pk\n      \
         client_id INTEGER -> clients.id\n      {column}"
    ));
    line(&drafted(&schema, &samples(&[(&format!("orders.{name}"), seen)])), "orders", name)
}

#[test]
fn names_of_columns_decide_class_and_action() {
    let cases = [
        ("name TEXT", "{ class = \"personal\", replace = \"Anonymized client\", identifying = true }"),
        ("name VARCHAR(12) required", "{ class = \"personal\", replace = \"Anonymized\", identifying = true }"),
        ("name CHAR(3) required", "{ class = \"personal\", replace = \"-\", identifying = true }"),
        ("first_name TEXT", "{ class = \"personal\", replace = \"Anonymized\" }"),
        ("phone_no TEXT", "{ class = \"personal\", clear = true, identifying = true }"),
        ("fax VARCHAR(20) required", "{ class = \"personal\", clear = true, identifying = true }"),
        ("postal_code INTEGER required", "{ class = \"personal\", replace = 0 }"),
        ("birth_date DATE", "{ class = \"personal\", generalize = \"year\" }"),
        ("iban TEXT", "{ class = \"sensitive\", identifying = true }"),
        ("health_remarks TEXT required", "{ class = \"sensitive\" }"),
        ("password_hash BLOB required", "{ class = \"sensitive\" }"),
        (
            "passport_valid_until DATE required",
            "{ class = \"sensitive\", replace = \"1900-01-01\", identifying = true }",
        ),
        ("notes TEXT", "{ class = \"personal\", clear = true }"),
        ("photo BLOB", "{ class = \"personal\", clear = true }"),
        ("newsletter BOOLEAN required", "{ class = \"personal\", replace = false }"),
        ("username TEXT required unique", "{ class = \"personal\", replace = \"anonymized-{key}\" }"),
        ("latitude REAL", "{ class = \"personal\", clear = true }"),
        ("country TEXT", "{ class = \"non-personal\" }"),
        ("credit_limit NUMERIC", "{ class = \"non-personal\" }"),
        ("email_verified BOOLEAN", "{ class = \"non-personal\" }"),
        ("posting_group TEXT", "{ class = \"non-personal\" }"),
        ("created_at DATETIME", "{ class = \"non-personal\" }"),
    ];
    for (column, expected) in cases {
        let name = column.split_whitespace().next().unwrap();
        assert_eq!(guessed(column, &[]), format!("{name} = {expected}"));
    }
}

#[test]
fn an_address_that_must_stand_is_replaced_and_one_that_need_not_is_cleared() {
    let mail = |column: &str| guessed(column, &[]);
    assert!(mail("e_mail TEXT unique").contains("replace = \"anonymized-{key}@invalid\", identifying = true"));
    assert!(mail("e_mail TEXT required").contains("replace = \"anonymized-{key}@invalid\""));
    assert!(mail("e_mail VARCHAR(30) required").contains("replace = \"{key}@invalid\""));
    assert!(mail("e_mail TEXT").contains("clear = true"));
    assert!(guessed_on_documents("e_mail TEXT unique", &[]).contains("clear = true"));
}

#[test]
fn what_nothing_is_known_of_waits_for_a_person() {
    let open = [
        ("frob TEXT", &[][..]),
        ("frob TEXT", &["gold", "silver"]),
        ("frob TEXT", &["Jane Doe", "Ann Roe"]),
        ("frob TEXT", &["+49 30 1234567"]),
        ("frob TEXT", &["12 High Street"]),
        ("frob TEXT", &["she called twice and wants her money back"]),
        ("frob INTEGER", &[]),
        ("frob BLOB", &[]),
        ("description TEXT", &[]),
        ("company TEXT", &[]),
        ("birth_date TEXT", &["12.03.1970"]),
        ("student_number TEXT", &["4711"]),
        ("numero_mutuelle TEXT", &["1 85 05"]),
    ];
    for (column, seen) in open {
        let line = guessed(column, seen);
        assert!(line.starts_with("# "), "{line}");
    }
}

#[test]
fn values_decide_where_the_name_says_nothing() {
    assert!(guessed("frob TEXT", &["a@example.org", "b@example.org"]).starts_with("frob = { class = \"personal\""));
    assert!(guessed("frob TEXT", &["DE89370400440532013000"]).starts_with("frob = { class = \"sensitive\""));
    assert!(guessed("frob TEXT", &["2024-01-01"]).contains("non-personal"));
    assert!(guessed("frob INTEGER", &["0", "1"]).contains("non-personal"));
    assert!(guessed("birth_date TEXT", &["1970-03-12"]).starts_with("birth_date = { class = \"personal\", generalize"));
}

#[test]
fn a_harmless_name_is_doubted_when_a_value_says_otherwise() {
    assert!(guessed("type TEXT", &["a", "b", "write to ann@example.org"]).starts_with("# type"));
    assert!(guessed("status TEXT", &["+49 30 1234567"]).starts_with("# status"));
    assert!(guessed_on_documents("your_reference TEXT", &["Peter Pan", "Jane Doe"]).starts_with("# your_reference"));
    assert!(guessed_on_documents("external_document_no TEXT", &["2024-000123"]).contains("non-personal"));
}

#[test]
fn what_a_document_needs_is_never_emptied_unasked() {
    let kept =
        ["vat NUMERIC", "tax REAL", "interest NUMERIC", "treatment_date DATE", "contact_date DATE", "position INTEGER"];
    for column in kept {
        let line = guessed_on_documents(column, &[]);
        assert!(line.contains("non-personal") && !line.starts_with('#'), "{line}");
    }
    let asked = [
        "vat INTEGER",
        "contact INTEGER",
        "session_id INTEGER",
        "treatment_id INTEGER",
        "city TEXT",
        "badge TEXT",
        "file_hash TEXT",
        "genre TEXT",
        "uid TEXT",
    ];
    for column in asked {
        let line = guessed_on_documents(column, &[]);
        assert!(line.starts_with("# "), "{line}");
    }
}

#[test]
fn a_check_or_a_key_that_speaks_against_the_action_is_named() {
    let schema = schema(
        "clients
            id INTEGER pk
            name TEXT required
            gender TEXT
            check: length(name) > 3 AND gender IN ('f', 'm')
         mails
            email TEXT pk
            client_id INTEGER -> clients.id",
    );
    let draft = drafted_open(&schema);
    assert_eq!(draft.uncertain, ["clients.name", "mails.email"]);
    assert!(draft.text.contains("# TODO decide: `name` has a CHECK constraint"), "{}", draft.text);
    assert!(draft.text.contains("# TODO decide: `email` is part of the primary key"), "{}", draft.text);
}

fn drafted_open(schema: &Schema) -> Draft {
    let draft = first_draft(schema, &Samples::new(), &DraftOptions::default()).unwrap();
    Policy::parse(&draft.text).unwrap();
    draft
}

#[test]
fn json_is_left_open_with_the_paths_that_look_personal() {
    let document = "{\"email\": \"a@b.cc\", \"size\": 2, \"contact\": {\"phone\": \"1\"}}";
    let schema = schema("clients\n      id INTEGER pk\n      email TEXT\n      extra TEXT");
    let draft = drafted(&schema, &samples(&[("clients.extra", &[document])]));
    assert!(draft.text.contains("`redact = [\"$.contact.phone\", \"$.email\"]`"), "{}", draft.text);
    assert!(!draft.text.contains("a@b.cc"));
}

#[test]
fn no_sampled_value_is_quoted() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
            status TEXT
            frob TEXT
         visits
            id INTEGER pk
            client_id INTEGER -> clients.id
            visit_date DATE
            status TEXT",
    );
    let secret = ["Jane Doe", "jane@example.org", "030 1234567", "Main Street 5"];
    let places = ["clients.email", "clients.status", "clients.frob", "visits.status", "visits.visit_date"];
    let said: Vec<(&str, &[&str])> = places.iter().map(|place| (*place, &secret[..])).collect();
    let text = first_draft(&schema, &samples(&said), &DraftOptions::default()).unwrap().text;
    for value in secret {
        assert!(!text.contains(value), "{text}");
    }
}

#[test]
fn dates_of_the_clients_own_row_are_put_to_use() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
            customer_group TEXT
            created_on DATE
            to_anonymize_on DATE
            anonymized BOOLEAN
            anonymized_date DATE
            full_text TEXT generated
         visits
            id INTEGER pk
            client_id INTEGER -> clients.id
            visit_date DATE",
    );
    let draft = drafted(&schema, &Samples::new());
    let policy = Policy::parse(&draft.text).unwrap();
    assert_eq!(policy.client.to_anonymize_on.as_deref(), Some("to_anonymize_on"));
    assert_eq!(policy.client.anonymized.as_deref(), Some("anonymized"));
    assert_eq!(policy.client.anonymized_on.as_deref(), Some("anonymized_date"));
    assert_eq!(policy.period.unwrap().otherwise.as_deref(), Some("created_on"));
    assert_eq!(policy.filters["customer_group"].column(), "customer_group");
    assert_eq!(draft.columns, 7 + 3);
    assert!(!draft.text.contains("full_text"));
}

#[test]
fn names_that_need_quotes_get_them_and_none_ends_its_comment() {
    let mut schema = schema("clients\n      id INTEGER pk\n      email TEXT\n      a~b TEXT\n      é TEXT");
    schema.tables.get_mut("clients").unwrap().columns.push(LiveColumn {
        name: "x\n[tables.evil]\nfree = \"y\"".to_owned(),
        declared: "TEXT".to_owned(),
        ..LiveColumn::default()
    });
    let draft = first_draft(&schema, &Samples::new(), &DraftOptions::default()).unwrap();
    let policy = Policy::parse(&draft.text).unwrap();
    assert_eq!(policy.tables.len(), 1);
    let decided = Policy::parse(&accepted(&draft.text)).unwrap();
    let clients = &decided.tables["clients"];
    assert_eq!((clients.non_personal.len(), clients.columns.len()), (1, 4), "{}", draft.text);
}

#[test]
fn a_reference_in_words_is_free_text_and_the_code_of_a_tax_is_no_ones() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
         payments
            id INTEGER pk
            client_id INTEGER -> clients.id
            reference TEXT
            external_reference TEXT
            document_no TEXT
            tax_code TEXT
            tax_rate NUMERIC",
    );
    let seen: &[(&str, &[&str])] = &[
        ("payments.reference", &["transfer of Ann Archer", "cash from Bob"]),
        ("payments.document_no", &["INV 1001", "INV 1002"]),
        ("payments.tax_code", &["A1", "B2"]),
    ];
    let draft = drafted(&schema, &samples(seen));
    for column in ["reference", "external_reference"] {
        let line = line(&draft, "payments", column);
        assert!(line.starts_with("# ") && line.contains("clear = true"), "{line}");
    }
    for column in ["document_no", "tax_code"] {
        assert!(line(&draft, "payments", column).contains("non-personal"), "{}", draft.text);
    }
}
