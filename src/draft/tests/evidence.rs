//! Links are found by evidence, and tested against the data.

use super::*;
use crate::domain::sample::Sampled;

/// A table, its columns, and the values row by row.
pub(super) type Rows<'a> = (&'a str, &'a [&'a str], &'a [&'a [&'a str]]);

pub(super) fn rows(said: &[Rows], schema: &Schema) -> Samples {
    let mut samples = Samples::new();
    for (table, columns, rows) in said {
        let live = schema.table(table).unwrap();
        let mut sampled = Sampled::default();
        for row in *rows {
            let value = |name: &String| columns.iter().position(|own| own == name).map(|at| row[at].to_owned());
            sampled.rows.push(live.columns.iter().map(|column| value(&column.name)).collect());
        }
        for (at, column) in columns.iter().enumerate() {
            let seen = sampled.columns.entry((*column).to_owned()).or_default();
            for row in *rows {
                if !seen.values.contains(&row[at].to_owned()) {
                    seen.values.push(row[at].to_owned());
                }
            }
        }
        samples.insert((*table).to_owned(), sampled);
    }
    samples
}

/// A draft for which the database answered its questions with these keys of
/// clients, and these of other columns.
pub(super) fn answered(schema: &Schema, samples: &Samples, held: &[(&str, &[&str])]) -> Draft {
    let asked = questions(schema, samples, &DraftOptions::default()).unwrap();
    let mut answers = Answers::new();
    for question in asked {
        let place = format!("{}.{}", question.table, question.column);
        let known = held.iter().find(|(own, _)| *own == place).map_or(&[][..], |(_, known)| *known);
        let held = question.values.iter().filter(|value| known.contains(&value.as_str())).cloned().collect();
        answers.insert((question.table, question.column), held);
    }
    let draft = draft(schema, samples, &answers, &DraftOptions::default(), &mut Refused::default()).unwrap();
    let policy = Policy::parse(&accepted(&draft.text)).unwrap_or_else(|error| panic!("{error}\n{}", draft.text));
    if let Err(error) = Plan::build(&policy, schema) {
        panic!("{error}\n{}", draft.text);
    }
    draft
}

pub(super) fn client_of(draft: &Draft, table: &str) -> Option<String> {
    let part = draft.text.split_once(&format!("[tables.{table}]\n"))?.1;
    part.lines().next().map(str::to_owned)
}

#[test]
fn a_tables_own_key_is_no_link_because_of_its_name() {
    for key in ["rowid", "record_id", "no", "customer_id"] {
        let schema = schema(&format!(
            "customers\n      {key} INTEGER pk\n      email TEXT\nmachines\n      {key} INTEGER pk\n      serial TEXT\n\
             places\n      {key} INTEGER pk\n      label TEXT"
        ));
        let draft = drafted(&schema, &Samples::new());
        assert_eq!(draft.tables, 1, "{key}\n{}", draft.text);
    }
}

#[test]
fn a_table_that_extends_the_clients_shares_their_key() {
    let schema =
        schema("customers\n      no TEXT pk\n      email TEXT\ncustomers_ext\n      no TEXT pk\n      nickname TEXT");
    assert_eq!(client_of(&drafted(&schema, &Samples::new()), "customers_ext").unwrap(), "client = \"no\"");
}

const LETTERS: &str = "
customers
      no TEXT pk
      name TEXT
      email TEXT
      systemid TEXT unique
letters
      id INTEGER pk
      customer_no TEXT
      to_email TEXT
      customer_systemid TEXT
      body TEXT
";

#[test]
fn a_name_that_the_data_refutes_is_no_link() {
    let schema = schema(LETTERS);
    let values: &[&[&str]] = &[&["1", "X1", "", "", ""], &["2", "X2", "", "", ""], &["3", "X3", "", "", ""]];
    let samples =
        rows(&[("letters", &["id", "customer_no", "to_email", "customer_systemid", "body"], values)], &schema);
    let draft = answered(&schema, &samples, &[("customers.no", &["A", "B"])]);
    assert!(client_of(&draft, "letters").is_none(), "{}", draft.text);
}

#[test]
fn another_key_of_the_client_is_a_link_where_the_values_match() {
    let schema = schema(&LETTERS.replace("      customer_no TEXT\n", ""));
    let columns = &["id", "to_email", "customer_systemid", "body"][..];
    let by_id: &[&[&str]] = &[&["1", "x@x.org", "S-1", ""], &["2", "y@x.org", "S-2", ""], &["3", "z@x.org", "S-3", ""]];
    let samples = rows(&[("letters", columns, by_id)], &schema);
    let draft = answered(&schema, &samples, &[("customers.systemid", &["S-1", "S-2", "S-3"])]);
    let link = "client = { column = \"customer_systemid\", equals = \"systemid\" }";
    assert_eq!(client_of(&draft, "letters").unwrap(), link);
    assert!(draft.text.contains("3 of 3 sampled values match."), "{}", draft.text);
    let draft = answered(&schema, &samples, &[("customers.email", &["x@x.org", "y@x.org"])]);
    let link = "client = { column = \"to_email\", equals = \"email\", compare = \"email\" }";
    assert_eq!(client_of(&draft, "letters").unwrap(), link);
}

#[test]
fn owners_are_told_by_their_type_whatever_the_columns_are_called() {
    for (kind, id, value) in [
        ("owner_type", "owner_id", "App\\Models\\Customer"),
        ("elementtype", "fk_element", "customer"),
        ("type", "url_id", "customer"),
        ("content_type_id", "object_id", "17"),
        ("table_no", "record_no", "18"),
    ] {
        let text = if value.len() == 2 { "INTEGER" } else { "TEXT" };
        let schema = schema(&format!(
            "customers\n      no TEXT pk\n      email TEXT\nnotes\n      pk INTEGER pk\n      {kind} {text}\n      \
             {id} TEXT\n      body TEXT"
        ));
        let other = if value.len() == 2 { "5" } else { "product" };
        let values: &[&[&str]] = &[
            &["1", value, "C0001", ""],
            &["2", value, "C0002", ""],
            &["3", value, "C0003", ""],
            &["4", other, "P1", ""],
            &["5", other, "P2", ""],
            &["6", other, "P3", ""],
        ];
        let samples = rows(&[("notes", &["pk", kind, id, "body"], values)], &schema);
        let draft = answered(&schema, &samples, &[("customers.no", &["C0001", "C0002", "C0003"])]);
        let link = client_of(&draft, "notes").unwrap_or_else(|| panic!("{kind}\n{}", draft.text));
        let value = value.replace('\\', "\\\\");
        assert!(link.contains(&format!("column = \"{id}\"")) && link.contains(&value), "{link}");
    }
}

#[test]
fn a_text_with_the_key_in_it_is_a_link() {
    let schema = schema(
        "parties
            id INTEGER pk
            name TEXT
            email TEXT
            birth_date DATE
         notes
            id INTEGER pk
            resource TEXT
            body TEXT",
    );
    let values: &[&[&str]] = &[&["1", "party.party,1", ""], &["2", "party.party,2", ""], &["3", "sale.sale,9", ""]];
    let samples = rows(&[("notes", &["id", "resource", "body"], values)], &schema);
    let draft = answered(&schema, &samples, &[("parties.id", &["1", "2"])]);
    let link = "client = { column = \"resource\", text = \"party.party,{key}\" }";
    assert_eq!(client_of(&draft, "notes").unwrap(), link, "{}", draft.text);
}

#[test]
fn set_up_staff_and_who_wrote_a_row_lead_to_no_client() {
    let schema = schema(
        "contacts
            id INTEGER pk
            name TEXT
            email TEXT
            created_by INTEGER -> contacts.id
         domain
            id INTEGER pk
            contact_id INTEGER -> contacts.id
         users
            id INTEGER pk
            login TEXT
            contact_id INTEGER -> contacts.id
         settings
            id INTEGER pk
            domain_id INTEGER -> domain.id
            created_by INTEGER -> users.id
         donations
            id INTEGER pk
            contact_id INTEGER -> contacts.id
            received_on DATE
            created_by INTEGER -> users.id",
    );
    let draft = drafted(&schema, &Samples::new());
    assert_eq!((draft.client_table.as_str(), draft.tables), ("contacts", 2), "{}", draft.text);
    // Both refer to a client, so that a person says whether they are about one.
    assert_eq!(draft.uncertain, ["domain", "users"]);
    let set_up = "tables = [\n  \"settings\",\n# TODO decide: `domain` refers to `contacts` by `contact_id`: uncomment it if \
                  no row is about a client, or link it\n# \"domain\",\n]\n";
    assert!(draft.text.contains(set_up), "{}", draft.text);
    assert!(draft.text.contains("\n# \"users\",\n]\n"), "{}", draft.text);
    assert!(draft.text.contains("{ table = \"donations\", date = \"received_on\" },"), "{}", draft.text);
}

#[test]
fn staff_is_never_taken_for_the_clients() {
    let schema = schema(
        "res_user
            id INTEGER pk
            login TEXT
            email TEXT
            phone TEXT
         res_thing
            id INTEGER pk
            user_id INTEGER -> res_user.id",
    );
    let error = first_draft(&schema, &Samples::new(), &DraftOptions::default()).unwrap_err();
    assert!(matches!(error, DraftError::NoClientTable { .. }), "{error}");
}

#[test]
fn flags_are_set_so_that_no_client_is_contacted_again() {
    let flag = |column: &str, seen: &[&str]| {
        let name = column.split_whitespace().next().unwrap();
        let schema = schema(&format!("clients\n      id INTEGER pk\n      email TEXT\n      {column}"));
        line(&drafted(&schema, &samples(&[(&format!("clients.{name}"), seen)])), "clients", name)
    };
    for column in ["is_opt_out BOOLEAN", "do_not_email BOOLEAN", "do_not_mail BOOLEAN required"] {
        assert!(flag(column, &[]).ends_with("{ class = \"personal\", replace = true }"), "{column}");
    }
    assert!(flag("do_not_phone INTEGER", &["0", "1"]).contains("replace = 1 "));
    assert!(flag("newsletter INTEGER", &["0", "1"]).contains("replace = 0 "));
    assert!(flag("accepts_marketing TEXT", &["Y", "N"]).contains("replace = \"N\""));
    assert!(flag("opt_out_date DATE", &[]).contains("non-personal"));
}

#[test]
fn unique_texts_of_several_rows_differ_by_row() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
         logins
            id INTEGER pk
            client_id INTEGER -> clients.id
            username VARCHAR(40) required unique",
    );
    let line = line(&drafted(&schema, &Samples::new()), "logins", "username");
    assert!(line.contains("replace = \"anonymized-{row}\"") && !line.starts_with('#'), "{line}");
}

#[test]
fn a_text_that_is_never_null_stays_a_text() {
    let schema = schema("clients\n      id INTEGER pk\n      email TEXT\n      remarks TEXT");
    let mut samples = samples(&[("clients.remarks", &["called twice"])]);
    samples.get_mut("clients").unwrap().columns.get_mut("remarks").unwrap().has_blank = true;
    assert!(line(&drafted(&schema, &samples), "clients", "remarks").contains("replace = \"\""));
}

/// A database of three companies, with a customer table and many others in each.
fn companies() -> Schema {
    let mut schema = schema("");
    let mut add = |name: String, columns: &[&str]| {
        let mut table = LiveTable { name: name.clone(), ..LiveTable::default() };
        for column in columns {
            add_column(&mut table, column);
        }
        let key = client::primary_key(&table).into_iter().map(Some).collect();
        table.unique.push(Unique { columns: key, partial: false, made_of: Vec::new(), nulls_equal: false });
        schema.tables.insert(name, table);
    };
    for company in ["A", "B", "C"] {
        let name = |table: &str| format!("{company}${table}$437dbf0e-84ff-417a");
        add(name("Customer"), &["No_ VARCHAR(20) pk", "Name VARCHAR(100)", "E-Mail VARCHAR(80)"]);
        add(
            name("Sales Header"),
            &["Document~Type INTEGER pk", "No_ VARCHAR(20) pk", "Sell-to~Customer~No_ VARCHAR(20)"],
        );
        add(name("Sales Line"), &["Document~Type INTEGER pk", "Document~No_ VARCHAR(20) pk", "Line~No_ INTEGER pk"]);
        for number in 0..743 {
            add(
                name(&format!("Setup {number}")),
                &["No_ VARCHAR(20) pk", "Description VARCHAR(50)", "Customer~Group INTEGER"],
            );
        }
    }
    for number in 0..3 {
        add(format!("Object {number}$437dbf0e-84ff"), &["No_ VARCHAR(20) pk", "Text VARCHAR(50)"]);
    }
    schema
}

#[test]
fn no_link_reaches_another_company() {
    let schema = companies();
    assert_eq!(schema.tables.len(), 2_241);
    let options = DraftOptions { client_table: Some("A$Customer$437dbf0e-84ff-417a".to_owned()), key: None };
    let begun = std::time::Instant::now();
    let draft = first_draft(&schema, &Samples::new(), &options).unwrap();
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    assert_eq!(draft.tables, 3, "{}", draft.text.lines().take(80).collect::<Vec<_>>().join("\n"));
    assert!(!draft.text.contains("\"B$") && !draft.text.contains("\"C$"));
    let policy = Policy::parse(&accepted(&draft.text)).unwrap();
    Plan::build(&policy, &schema).unwrap();
    let error = first_draft(&schema, &Samples::new(), &DraftOptions::default()).unwrap_err();
    assert!(error.hint().contains("--client 'A$Customer$437dbf0e-84ff-417a'"), "{}", error.hint());
}

#[test]
fn a_value_that_repeats_is_kept_only_where_it_does_not_look_personal() {
    let schema = schema(
        "clients
            id INTEGER pk
            email TEXT
         letters
            id INTEGER pk
            client_id INTEGER -> clients.id
            xa TEXT
            xb TEXT
            xc TEXT
            xd TEXT
            xe TEXT
            xf TEXT
            contact_name TEXT
            birth_date DATE",
    );
    let columns = ["id", "client_id", "xa", "xb", "xc", "xd", "xe", "xf", "contact_name", "birth_date"];
    let one = ["a@b.example", "Ann Archer", "+45 5551 0001", "Long Street 5", "A7", "new", "Ann", "1970-01-01"];
    let many: Vec<Vec<String>> = (0..12)
        .map(|at| {
            let other = if at % 2 == 0 { "new" } else { "sent" };
            let (all, name) = (one.map(|value| if value == "new" { other } else { value }), at.to_string());
            [name.clone(), name].into_iter().chain(all.map(str::to_owned)).collect()
        })
        .collect();
    let many: Vec<Vec<&str>> = many.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let many: Vec<&[&str]> = many.iter().map(Vec::as_slice).collect();
    let draft = drafted(&schema, &rows(&[("letters", &columns, &many)], &schema));
    for (column, says) in [
        ("xa", "clear = true"),
        ("xb", "replace = \"Anonymized client\""),
        ("xc", "clear = true"),
        ("xd", "clear = true"),
        ("contact_name", "replace = \"Anonymized client\""),
        ("birth_date", "generalize = \"year\""),
        ("xe", "class = \"non-personal\" }"),
        ("xf", "class = \"non-personal\" }"),
    ] {
        assert!(line(&draft, "letters", column).contains(says), "{column}\n{}", draft.text);
    }
    for (column, why) in [
        ("xa", "holds one e-mail address in all sampled rows: the client's, or the house's?"),
        ("xe", "is kept, as it holds the same in all 12 sampled rows: a setting, or a sample too small?"),
        ("xf", "is kept, as it holds 2 short words in all 12 sampled rows, like a status"),
    ] {
        assert!(draft.text.contains(&format!("# TODO decide: `{column}` {why}\n")), "{column}\n{}", draft.text);
    }
}
