//! Date columns that hold anything.

use crate::common::Company;
use lethe::domain::sweep::SweepKind;
use lethe::worker::sweep::Mode;

const POLICY: &str = r#"
    client = { table = "customers", key = "no", to_anonymize_on = "due" }
    period = { length = "6 years", otherwise = "created_on", activity = [{ table = "entries", date = "posted_on" }] }
    [tables.customers.columns]
    no.class = "non-personal"
    due.class = "non-personal"
    created_on.class = "non-personal"
    [tables.entries]
    client = "customer_no"
    columns.customer_no.class = "non-personal"
    columns.posted_on.class = "non-personal"
"#;

/// Whether a client with this date, start and entries is due by its date, and by its period.
async fn due(day: &str, created: &str, entries: &[&str]) -> (bool, bool) {
    let mut schema = format!(
        "CREATE TABLE customers (no TEXT PRIMARY KEY, due DATE, created_on DATE);
         CREATE TABLE entries (customer_no TEXT REFERENCES customers, posted_on DATE);
         INSERT INTO customers VALUES ('A', {day}, {created});"
    );
    for entry in entries {
        schema += &format!("INSERT INTO entries VALUES ('A', {entry});");
    }
    let by_date = Company::new(&schema, POLICY).await.due().await.anonymized;
    let by_period = Company::new(&schema, POLICY).await.period().await.anonymized;
    (by_date == 1, by_period == 1)
}

#[tokio::test]
async fn a_day_in_another_form_or_in_no_calendar_refuses_every_sweep_and_preview() {
    let in_another_form =
        ["'2/3/2030'", "'02.03.2020'", "'20200302'", "'March'", "'infinity'", "20200302", "1583107200"];
    let in_no_calendar =
        ["'2020-13-45'", "'2019-02-29'", "'2020-02-30 10:00:00'", "'2020-04-31T00:00:00Z'", "'2020-00-10'"];
    for day in in_another_form.into_iter().chain(in_no_calendar) {
        for (due, created, entry) in
            [(day, "'2000-01-01'", "'2019-01-01'"), ("NULL", day, "'2019-01-01'"), ("NULL", "'2000-01-01'", day)]
        {
            let schema = format!(
                "CREATE TABLE customers (no TEXT PRIMARY KEY, due DATE, created_on DATE);
                 CREATE TABLE entries (customer_no TEXT REFERENCES customers, posted_on DATE);
                 INSERT INTO customers VALUES ('A', {due}, {created}), ('B', '2020-01-01', '2000-01-01');
                 INSERT INTO entries VALUES ('A', {entry});"
            );
            let company = Company::new(&schema, POLICY).await;
            for kind in [SweepKind::Due, SweepKind::Period] {
                let request = company.request(kind);
                let previewed = company.survey(&request, Mode::Preview).await.unwrap_err();
                let swept = company.sweep(&request).await.unwrap_err();
                for refused in [previewed, swept] {
                    assert!(refused.brief().contains("not dates written as"), "{day}: {refused}");
                }
            }
        }
    }
    assert_eq!(due("'2020-01-01'", "'2000-01-01'", &["'2019-01-01'"]).await, (true, true));
}

#[tokio::test]
async fn blank_markers_are_no_days_and_refuse_nothing() {
    for blank in ["'0000-00-00'", "'1753-01-01'", "''", "'9999-12-31'"] {
        assert_eq!(due(blank, "NULL", &[]).await, (false, false), "{blank}");
    }
    assert_eq!(due("'2020-02-29 10:00:00+02:00'", "'2000-02-29'", &[]).await, (true, true));
}
