//! Facts about whole drafts, on schemas written by hand.

mod columns;
mod evidence;
mod named;
mod tables;
mod tenants;

use super::*;
use crate::domain::sample::Seen;
use crate::domain::schema::{ForeignKey, LiveColumn, LiveTable, Unique};
use crate::plan::Plan;
use crate::policy::Policy;

/// A schema from lines: a table's name near the margin, its columns indented as
/// `name TYPE [pk] [required] [unique] [generated] [-> table.column]`, and
/// `check: <SQL>` for a constraint.
fn schema(text: &str) -> Schema {
    let mut schema = Schema::empty(&crate::database::SqliteDialect);
    let mut name = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let said = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent < 6 || indent == 9 {
            said.clone_into(&mut name);
            schema.tables.insert(name.clone(), LiveTable { name: name.clone(), ..LiveTable::default() });
            continue;
        }
        let table = schema.tables.get_mut(&name).unwrap();
        match said.strip_prefix("check: ") {
            Some(check) => table.checks.push(check.to_owned()),
            None => add_column(table, said),
        }
    }
    for table in schema.tables.values_mut() {
        let key = client::primary_key(table);
        if !key.is_empty() {
            table.unique.insert(
                0,
                Unique {
                    columns: key.into_iter().map(Some).collect(),
                    partial: false,
                    made_of: Vec::new(),
                    nulls_equal: false,
                },
            );
        }
    }
    schema
}

fn add_column(table: &mut LiveTable, said: &str) {
    let (own, target) = said.split_once(" -> ").unwrap_or((said, ""));
    let mut words = own.split_whitespace();
    let name = words.next().unwrap().replace('~', " ");
    let declared = words.next().unwrap_or_default().to_owned();
    let marks: Vec<&str> = words.collect();
    let keys = table.columns.iter().filter(|column| column.primary_key > 0).count();
    let primary_key = if marks.contains(&"pk") { u32::try_from(keys).unwrap() + 1 } else { 0 };
    if marks.contains(&"unique") {
        table.unique.push(Unique {
            columns: vec![Some(name.clone())],
            partial: false,
            made_of: Vec::new(),
            nulls_equal: false,
        });
    }
    if let Some((to, column)) = target.split_once('.') {
        table.foreign_keys.push(ForeignKey {
            columns: vec![name.clone()],
            references: to.to_owned(),
            referenced: vec![column.to_owned()],
            cascades: false,
            resets: false,
            renews: false,
        });
    }
    table.columns.push(LiveColumn {
        name,
        declared,
        not_null: marks.contains(&"required") || marks.contains(&"pk"),
        generated: marks.contains(&"generated"),
        made_of: Vec::new(),
        primary_key,
        collation: None,
        base: None,
        told: None,
    });
}

/// Samples from `table.column` and values.
fn samples(said: &[(&str, &[&str])]) -> Samples {
    let mut samples = Samples::new();
    for (place, values) in said {
        let (table, column) = place.split_once('.').unwrap();
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let seen = Seen { values, ..Seen::default() };
        samples.entry(table.to_owned()).or_default().columns.insert(column.to_owned(), seen);
    }
    samples
}

/// A draft of a schema, with these samples and nothing asked of the database.
fn first_draft(schema: &Schema, samples: &Samples, options: &DraftOptions) -> Result<Draft, DraftError> {
    draft(schema, samples, &Answers::new(), options, &mut Refused::default())
}

/// The draft of a schema, which is a policy as it stands, and becomes a plan
/// as soon as its open columns are uncommented.
fn drafted(schema: &Schema, samples: &Samples) -> Draft {
    let draft = first_draft(schema, samples, &DraftOptions::default()).unwrap();
    let policy = Policy::parse(&draft.text).unwrap_or_else(|error| panic!("{error}\n{}", draft.text));
    let open: Vec<String> = Plan::build(&policy, schema).err().map_or(Vec::new(), |error| {
        error.0.into_iter().map(|problem| problem.place.replace("tables.", "").replace(".columns.", ".")).collect()
    });
    for place in draft.uncertain.iter().filter(|place| !place.starts_with("everywhere.")) {
        assert!(open.contains(place), "the gate does not name `{place}`: {open:?}\n{}", draft.text);
    }
    let decided = Policy::parse(&accepted(&draft.text)).unwrap();
    if let Err(error) = Plan::build(&decided, schema) {
        panic!("{error}\n{}", draft.text);
    }
    draft
}

/// The line that classifies a column, without the spaces that align it.
fn line(draft: &Draft, table: &str, column: &str) -> String {
    let own = |line: &&str| line.trim_start_matches("# ").split([' ', '=']).next() == Some(column);
    let of = |head: &str| {
        let part = draft.text.split_once(head)?.1.split("\n[").next()?;
        part.lines().find(own).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let lists = [format!("[tables.{table}]\n"), "[everywhere]\n".to_owned()];
    let listed = lists.iter().any(|head| {
        let part = draft.text.split_once(head.as_str()).map_or("", |(_, part)| part.split("\n[").next().unwrap());
        let list = part.split_once("non_personal = [").map_or("", |(_, list)| list.split(']').next().unwrap());
        list.split(',').any(|name| name.trim() == format!("\"{column}\""))
    });
    if listed {
        return format!("{column} = {{ class = \"non-personal\" }}");
    }
    let line = of(&format!("[tables.{table}.columns]\n")).or_else(|| of("[everywhere.columns]\n"));
    line.unwrap_or_else(|| panic!("no `{column}` of `{table}` in\n{}", draft.text))
}

#[test]
fn a_draft_reads_from_top_to_bottom() {
    let schema = schema(
        "customers
            customer_no VARCHAR(20) pk
            name TEXT required
            e-mail TEXT required unique
            country TEXT
            remarks TEXT
            balance NUMERIC
            created_on DATE
            mystery TEXT",
    );
    let draft = drafted(&schema, &Samples::new());
    assert_eq!((draft.tables, draft.columns, draft.uncertain.len()), (1, 8, 1));
    let body = draft.text.split_once("rolls it back\n\n").unwrap().1;
    insta::assert_snapshot!(body, @r#"
    [client]
    table = "customers"
    key   = "customer_no"
    # to_anonymize_on = "..."   the column with the date from which a client is due, if there is one

    # Columns that a job or an operator can filter on.
    [filters]
    country = "country"

    # No table looks like client activity (orders, visits, payments). If there is one:
    # [period]
    # length   = "6 years"
    # activity = [{ table = "...", date = "..." }]

    # Guards refuse clients. Lethe cannot know which business is still open; from the columns, perhaps:
    # [[guards]]
    # name   = "balance"
    # reason = "has a balance"
    # table  = "customers"
    # where  = "balance <> 0"

    # Rules for every table that does not have its own.
    [everywhere]
    blanks = "stay"   # blank values are left as they are

    [tables.customers]
    non_personal = ["customer_no", "country", "balance", "created_on"]

    [tables.customers.columns]
    name    = { class = "personal", replace = "Anonymized client", identifying = true }
    e-mail  = { class = "personal", replace = "anonymized-{key}@invalid", identifying = true }
    remarks = { class = "personal", clear = true }
    # TODO decide: `mystery` is empty or was not sampled, and its name says nothing
    # mystery = { class = "personal", clear = true }
    "#);
}
