//! The dashboard's SQL runs, by a role that can read no client's key.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::company::Company;
use crate::common::project::{read, root};

#[tokio::test]
async fn every_statement_of_the_dashboard_runs_as_its_reader() {
    let company = Company::with_role().await;
    company.fix().await;
    company.done(&["sweep", "--due", "--rehearse"]);
    company.done(&["sweep", "--due", "--wait"]);
    let reader = format!("reader_{}", &company.role["role_".len()..]);
    company.psql(&root().join("deploy/postgres/reader.sql"), &[&format!("reader={reader}")]);

    let mut url = url::Url::parse(&company.place.setting()).expect("a URL");
    url.set_username(&reader).expect("a URL with a host");
    let mut connection = PgConnection::connect(url.as_str()).await.expect("the reader may connect");
    let dashboard: Value = serde_json::from_str(&read(&root().join("deploy/grafana/nights.json"))).expect("JSON");
    let mut titles = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        let title = panel["title"].as_str().expect("a title");
        for target in panel["targets"].as_array().expect("targets") {
            // What Grafana puts there: moments as texts.
            let sql = target["rawSql"].as_str().expect("a statement");
            let sql =
                sql.replace("$__timeFrom()", "'2020-01-01T00:00:00Z'").replace("$__timeTo()", "'2999-01-01T00:00:00Z'");
            assert!(!sql.contains('$'), "{sql}");
            // The views are a contract; the tables are not.
            let from: Vec<&str> = sql.split("lethe.").skip(1).collect();
            let promised = ["job_status", "sweep_status", "client_status"];
            assert!(!from.is_empty() && !sql.contains("lethe_"), "{sql}");
            assert!(from.iter().all(|rest| promised.iter().any(|view| rest.starts_with(view))), "{sql}");
            let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await;
            let rows = rows.unwrap_or_else(|error| panic!("{title}: {error}"));
            let empty = matches!(title, "Failures by reason" | "Sweeps that run");
            assert_eq!(rows.is_empty(), empty, "{title}");
            if title == "Tonight" {
                let numbers: Vec<&str> =
                    (0..3).map(|at| rows[0].try_get_raw(at).expect("a number").as_str().expect("text")).collect();
                assert_eq!(numbers, ["1", "1", "0"]);
            }
            titles.push(title.to_owned());
        }
    }
    assert!(titles.len() >= 5, "{titles:?}");
    for forbidden in [
        "SELECT client_key FROM lethe.client_status",
        "SELECT client_key FROM lethe.lethe_outcomes",
        "SELECT keys FROM lethe.lethe_batches",
        "SELECT * FROM public.customers",
    ] {
        let tried = sqlx::raw_sql(forbidden).execute(&mut connection).await;
        let code = tried.expect_err(forbidden).as_database_error().and_then(|error| error.code().map(String::from));
        assert_eq!(code.as_deref(), Some("42501"), "{forbidden}");
    }
    connection.close().await.expect("the connection closes");
    company.execute(&format!("DROP OWNED BY {reader}; DROP ROLE {reader}")).await;
    company.end().await;
}
