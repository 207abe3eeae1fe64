//! The policies that are shipped, each with the company to try it on.

use chrono::NaiveDate;
use chrono_tz::Tz;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::{Size, days, generate};

/// What the shop is made from.
const SEED: u64 = 25_052_018;

/// A policy that is shipped, and its company.
#[derive(Debug)]
pub struct Shipped {
    /// The folder below `policies`.
    pub name: &'static str,
    pub company: &'static str,
    /// Whose day it is there.
    pub time_zone: Tz,
    pub policy: &'static str,
    /// The jobs, by their files' names.
    pub jobs: &'static [(&'static str, &'static str)],
    /// The columns of a client that a reader understands at a glance.
    pub shown: &'static [&'static str],
    schema: &'static str,
    /// The rows, made of [days](super::days); the shop's are generated instead.
    data: Option<&'static str>,
}

/// A file of the project, as it was when the program was built.
macro_rules! file {
    ($($path:literal),+) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $($path),+))
    };
}

/// A policy: all files of its folder, and its jobs.
macro_rules! shipped {
    ($name:literal, $company:literal, $zone:expr, jobs: $folder:literal [$($job:literal),+], data: $data:expr, shown: $shown:expr) => {
        Shipped {
            name: $name,
            company: $company,
            time_zone: $zone,
            policy: file!("policies/", $name, "/policy.toml"),
            jobs: &[$(($job, file!($folder, $job))),+],
            shown: $shown,
            schema: file!("policies/", $name, "/schema.sql"),
            data: $data,
        }
    };
}

/// All of them; the first is the one that is shown by default.
pub const SHIPPED: &[Shipped] = &[
    shipped!(
        "np-retail",
        "A shop",
        Tz::Europe__Copenhagen,
        jobs: "jobs/" ["nightly-due.toml", "nightly-period.toml"],
        data: None,
        shown: &["customer_no", "name", "address", "post_code", "city", "email", "phone_no", "birth_date", "customer_posting_group", "blocked", "anonymized", "anonymized_date"]
    ),
    shipped!(
        "prodon",
        "A charity",
        Tz::America__Montreal,
        jobs: "policies/prodon/jobs/" ["nightly-period.toml", "after-import.toml"],
        data: Some(file!("policies/prodon/data.sql")),
        shown: &["client_no", "client_type", "first_name", "last_name", "long_greeting", "birth_date", "photo", "created_on", "anonymized", "anonymized_on"]
    ),
    shipped!(
        "resamania",
        "A chain of sports clubs",
        Tz::Europe__Paris,
        jobs: "policies/resamania/jobs/" ["club-lyon.toml", "club-lille.toml", "club-nice.toml"],
        data: Some(file!("policies/resamania/data.sql")),
        shown: &["member_no", "club_code", "status", "first_name", "last_name", "email", "mobile", "address", "postal_code", "birth_date", "sales_blocked", "anonymized", "anonymized_on"]
    ),
    shipped!(
        "proabono",
        "A company that bills subscriptions",
        Tz::Europe__Paris,
        jobs: "policies/proabono/jobs/" ["requests.toml", "dormant.toml"],
        data: Some(file!("policies/proabono/data.sql")),
        shown: &["reference", "name", "email", "billing_company", "billing_first_name", "billing_last_name", "billing_line_1", "billing_city", "billing_country", "anonymized", "anonymized_on"]
    ),
    shipped!(
        "amparex",
        "A shop for glasses and hearing aids",
        Tz::Europe__Berlin,
        jobs: "policies/amparex/jobs/" ["dormant.toml"],
        data: Some(file!("policies/amparex/data.sql")),
        shown: &["customer_no", "status", "display_name", "birth_date", "street", "post_code", "city", "insured_no", "registered_on", "anonymized", "anonymized_on"]
    ),
];

impl Shipped {
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|own| own.name == name)
    }

    /// Makes the company in an empty database, as it would be on a day.
    pub async fn make(&self, connection: &mut SqliteConnection, today: NaiveDate) -> Result<(), sqlx::Error> {
        let Some(data) = self.data else { return generate(connection, &Size::demo(), SEED, today).await };
        let mut transaction = connection.begin().await?;
        for sql in [self.schema.to_owned(), days(today), data.to_owned(), "DROP TABLE temp.days".to_owned()] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}
