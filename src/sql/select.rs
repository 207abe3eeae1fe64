//! Which clients a sweep looks at, page by page in key order.

use chrono::NaiveDate;

use super::link::{CLIENT, Looks, anonymized, exists, filtered, join_from, key_json, key_parameter};
use super::{any_of, column, day_after, name, row, tuple};
use crate::domain::plan::{ActivityPlan, ClientPlan, FIRST_DAY, Plan, RetentionPlan};

/// A day as Lethe reads it, with or without a time behind it; anything else cannot be compared.
const ISO_DAY: &str = "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'";

/// What a sweep looks for: the part of its parameters that selects.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The client columns filtered on, and the values that pass.
    pub filters: Vec<(&'a str, &'a [String])>,
    /// The day of the sweep, in the job's time zone.
    pub today: NaiveDate,
    /// For a period sweep, the first day on which activity still keeps a client.
    pub cutoff: Option<NaiveDate>,
}

impl Wanted<'_> {
    fn client(&self) -> &ClientPlan {
        &self.plan.client
    }

    fn filters(&self) -> String {
        filtered(self.filters.iter().copied())
    }

    fn from(&self) -> String {
        format!("{} AS {CLIENT}", name(&self.client().table))
    }

    fn order(&self, plus: &str) -> String {
        let columns = self.client().key.iter().map(|key| format!("{plus}{}", column(CLIENT, key)));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// Not marked as anonymized, in the words that a partial index is made with.
    fn open(&self) -> String {
        match &self.client().anonymized {
            Some(flag) if !self.client().flag_nullable => format!("{} = 0", column(CLIENT, flag)),
            Some(flag) => {
                let flag = column(CLIENT, flag);
                format!("({flag} = 0 OR {flag} IS NULL)")
            }
            None => format!("NOT {}", anonymized(self.client())),
        }
    }

    /// The condition under which `lethe_c` is due by its date.
    pub(super) fn due(&self) -> String {
        self.due_by("")
    }

    fn due_by(&self, plus: &str) -> String {
        match &self.client().to_anonymize_on {
            Some(date) => {
                let date = format!("{plus}{}", column(CLIENT, date));
                format!("{date} >= '{FIRST_DAY}' AND {date} < {} AND {date} GLOB {ISO_DAY}", day_after(self.today))
            }
            None => "0".to_owned(),
        }
    }

    /// The condition under which the period of `lethe_c` has passed.
    pub(super) fn lapsed(&self) -> String {
        let (Some(retention), Some(cutoff)) = (&self.plan.retention, self.cutoff) else { return "0".to_owned() };
        let active = |since: Option<NaiveDate>| {
            any_of(retention.activity.iter().map(|source| self.activity(source, since)).collect())
        };
        let mut started = Vec::new();
        if let Some(otherwise) = &retention.otherwise {
            let start = column(CLIENT, otherwise);
            started.push(format!("({start} >= '{FIRST_DAY}' AND {start} < '{cutoff}' AND {start} GLOB {ISO_DAY})"));
        }
        if !retention.activity.is_empty() {
            started.push(active(None));
        }
        format!("NOT {} AND {}", active(Some(cutoff)), any_of(started))
    }

    /// Whether `lethe_c` has activity from this source, on or after a day.
    fn activity(&self, source: &ActivityPlan, since: Option<NaiveDate>) -> String {
        let date = column(&source.table, &source.date);
        let mut condition = Vec::new();
        if let Some(own) = &source.condition {
            condition.push(format!("({})", own.sql(self.today)));
        }
        if let Some(since) = since {
            // A row without a day keeps its client, as nobody knows when it was; so does a day in another form.
            let unset = if source.nullable { format!(" OR {date} IS NULL") } else { String::new() };
            condition
                .push(format!("({date} >= '{since}' OR {date} < '{FIRST_DAY}' OR {date} NOT GLOB {ISO_DAY}{unset})"));
        }
        let condition = (!condition.is_empty()).then(|| condition.join(" AND "));
        exists(&source.paths, condition.as_deref(), self.today)
    }
}

/// How the clients whose date has come are found in key order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the index on the date, all of them sorted for each page: costs what is due.
    ByDate,
    /// Along the key, a part for each page: costs what is stored.
    ByKey,
}

/// The next clients whose date has come. `?1` is the last key as JSON, if
/// `behind` one; `?2` the most rows.
#[must_use]
pub fn due_page(wanted: &Wanted, way: Way, behind: bool) -> String {
    let client = wanted.client();
    // `+` takes a column's index away from the planner.
    let (key, date) = match way {
        Way::ByDate if client.due_indexed => ("+", ""),
        Way::ByDate | Way::ByKey => ("", "+"),
    };
    format!(
        "SELECT {} FROM {} WHERE {} AND {}{}{} ORDER BY {} LIMIT ?2",
        key_json(client, CLIENT),
        wanted.from(),
        wanted.due_by(date),
        wanted.open(),
        wanted.filters(),
        after(client, behind, key),
        wanted.order(key),
    )
}

/// How many clients there are whose date has come.
#[must_use]
pub fn due_count(wanted: &Wanted) -> String {
    format!("SELECT count(*) FROM {} WHERE {} AND {}{}", wanted.from(), wanted.due(), wanted.open(), wanted.filters())
}

/// How many clients there are whose period has passed: all of them, or those of
/// [`lapsed_since`]. `?1` is the last key as JSON, if `behind` one.
#[must_use]
pub fn lapsed_count(wanted: &Wanted, earlier: Option<NaiveDate>, behind: bool) -> String {
    let client = wanted.client();
    let among = earlier.map(|earlier| format!("{} AND ", lapsing(wanted, earlier))).unwrap_or_default();
    format!(
        "SELECT count(*) FROM {} WHERE {among}{}{} AND {}{}",
        wanted.from(),
        wanted.open(),
        after(client, behind, ""),
        wanted.lapsed(),
        wanted.filters(),
    )
}

/// The last key of the next range of the client table. `?1` is the key before
/// it as JSON, if `behind` one; `?2` the width of the range less one.
#[must_use]
pub fn range_end(wanted: &Wanted, behind: bool) -> String {
    let client = wanted.client();
    format!(
        "SELECT {} FROM {} WHERE 1{} ORDER BY {} LIMIT 1 OFFSET ?2",
        key_json(client, CLIENT),
        wanted.from(),
        after(client, behind, ""),
        wanted.order(""),
    )
}

/// Behind the key in `?1`; `+` keeps the planner from walking the key's index.
fn after(client: &ClientPlan, behind: bool, plus: &str) -> String {
    if behind {
        let key = row(client.key.iter().map(|key| format!("{plus}{}", column(CLIENT, key))));
        format!(" AND {key} > {}", key_parameter(client, "?1"))
    } else {
        String::new()
    }
}

/// The clients of a range of keys whose period has passed. `?1` is the key
/// before the range, if `behind` one, and `?2` its last key, if it is `bounded`,
/// both as JSON.
#[must_use]
pub fn lapsed_range(wanted: &Wanted, behind: bool, bounded: bool) -> String {
    let client = wanted.client();
    let until = if bounded {
        format!(" AND {} <= {}", tuple(CLIENT, &client.key), key_parameter(client, "?2"))
    } else {
        String::new()
    };
    format!(
        "SELECT {} FROM {} WHERE {}{}{until}{} AND {} ORDER BY {}",
        key_json(client, CLIENT),
        wanted.from(),
        wanted.open(),
        after(client, behind, ""),
        wanted.filters(),
        wanted.lapsed(),
        wanted.order(""),
    )
}

/// The next clients whose period has passed since an earlier sweep looked at
/// everybody: those with activity, or a start, in the days that left the
/// period since then, and those refused when they were last looked at. `?1` is
/// the last key as JSON, if `behind` one; `?2` the most rows.
#[must_use]
pub fn lapsed_since(wanted: &Wanted, earlier: NaiveDate, behind: bool) -> String {
    let client = wanted.client();
    format!(
        "SELECT {} FROM {} WHERE {}{} AND {}{} AND {} ORDER BY {} LIMIT ?2",
        key_json(client, CLIENT),
        wanted.from(),
        lapsing(wanted, earlier),
        after(client, behind, ""),
        wanted.open(),
        wanted.filters(),
        wanted.lapsed(),
        wanted.order(""),
    )
}

/// That `lethe_c` is worth a look: something of it left the period since
/// `earlier`, or it was refused when it was last looked at.
fn lapsing(wanted: &Wanted, earlier: NaiveDate) -> String {
    let (Some(retention), Some(cutoff)) = (&wanted.plan.retention, wanted.cutoff) else { return "0".to_owned() };
    let sources = candidates(wanted, retention, earlier, cutoff).join(" UNION ");
    format!("{} IN ({sources})", tuple(CLIENT, &wanted.client().key))
}

fn candidates(wanted: &Wanted, retention: &RetentionPlan, earlier: NaiveDate, cutoff: NaiveDate) -> Vec<String> {
    let client = wanted.client();
    let keys = client.key.iter().map(|key| column(CLIENT, key)).collect::<Vec<_>>().join(", ");
    let mut sources = Vec::new();
    for source in &retention.activity {
        let date = column(&source.table, &source.date);
        let conditions = source.condition.iter().map(|own| own.sql(wanted.today)).collect();
        let looks = Looks { conditions, results: Vec::new() };
        for path in &source.paths {
            let (from, found) = join_from(path, &looks, client, wanted.today);
            sources.push(format!("SELECT {found} FROM {from} WHERE {date} >= '{earlier}' AND {date} < '{cutoff}'"));
        }
    }
    if let Some(otherwise) = &retention.otherwise {
        let start = column(CLIENT, otherwise);
        sources.push(format!(
            "SELECT {keys} FROM {} WHERE {start} >= '{earlier}' AND {start} < '{cutoff}'",
            wanted.from()
        ));
    }
    sources.push(format!(
        "SELECT {keys} FROM lethe_outcomes AS o JOIN {} ON {} = {} WHERE o.outcome = 'refused' AND o.sweep = \
         (SELECT max(latest.sweep) FROM lethe_outcomes AS latest WHERE latest.client_key = o.client_key)",
        wanted.from(),
        tuple(CLIENT, &client.key),
        key_from_ledger(client),
    ));
    sources
}

/// A ledger key, taken apart to compare with the key's columns.
fn key_from_ledger(client: &ClientPlan) -> String {
    if client.key.len() == 1 { "o.client_key".to_owned() } else { key_parameter(client, "o.client_key") }
}

/// Whether the client table has more than `?1` rows: no row if it has not.
#[must_use]
pub fn more_rows_than(client: &ClientPlan) -> String {
    format!("SELECT 1 FROM {} LIMIT 1 OFFSET ?1", name(&client.table))
}

/// Values of a column that are neither empty nor a date in the form `YYYY-MM-DD…`: one row if there are any.
#[must_use]
pub fn not_a_date(table: &str, date: &str) -> String {
    let date = name(date);
    format!(
        "SELECT typeof({date}) FROM {} WHERE {date} IS NOT NULL AND {date} <> '' AND (typeof({date}) <> 'text' OR \
         {date} NOT GLOB {ISO_DAY}) LIMIT 1",
        name(table),
    )
}
