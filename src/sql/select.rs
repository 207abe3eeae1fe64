//! Which clients a sweep looks at, page by page in key order.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::batch::given_key;
use super::link::{Asked, CLIENT, OfRow};
use super::{Scope, any_of, column, day_after, relation, row, tuple};
use crate::domain::schema::Kind;
use crate::domain::today::Today;
use crate::plan::{ActivityPlan, ClientPlan, FIRST_DAY, FilterPlan, Plan};

/// What a sweep looks for: the part of its parameters that selects.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    pub plan: &'a Plan,
    /// Conditions on `lethe_c`, one for each filter, as [`filter`] makes them.
    pub filters: &'a [String],
    /// The day of the sweep, in the job's time zone.
    pub today: NaiveDate,
    /// For a period sweep, the first day on which activity still keeps a client.
    pub cutoff: Option<NaiveDate>,
    /// The time zone in which a moment has its day.
    pub zone: Tz,
    /// Whether the ledger's word counts against the rows', as these came back from a backup.
    pub restored: bool,
}

/// A filter as a condition on `lethe_c`: any of these values.
///
/// # Errors
///
/// What each value has to be, if one of them cannot stand in the column.
pub fn filter(plan: &Plan, filter: &FilterPlan, values: &[String]) -> Result<String, &'static str> {
    let dialect = plan.client.dialect;
    let literals = values.iter().map(|value| dialect.filter_value(filter.kind, &filter.declared, value));
    let literals: Vec<String> = literals.collect::<Option<_>>().ok_or(match filter.kind {
        Kind::Integer | Kind::Number => "a number",
        Kind::Boolean => "`true` or `false`",
        Kind::Date => "a day written as `YYYY-MM-DD`, with or without a time",
        Kind::Text | Kind::Bytes | Kind::Unknown => "of the column's type",
    })?;
    let own = dialect.filtered(&column(CLIENT, &filter.column), filter.kind, &filter.declared);
    Ok(format!("{own} IN ({})", literals.join(", ")))
}

/// Finds one client whose mark is neither true nor false, where a column can
/// hold that; nothing says whether such a client was anonymized.
pub fn odd_mark(client: &ClientPlan) -> Option<String> {
    let mark = client.anonymized.as_ref().filter(|_| !client.flag_boolean)?;
    let scope = Scope::new(client, NaiveDate::MIN);
    Some(format!("SELECT 1 FROM {} WHERE {} NOT IN (0, 1) LIMIT 1", scope.clients(), column(CLIENT, mark)))
}

impl Wanted<'_> {
    fn client(&self) -> &ClientPlan {
        &self.plan.client
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        Scope::new(&self.plan.client, self.now())
    }

    pub(super) fn filters(&self) -> String {
        self.filters.iter().fold(String::new(), |sql, filter| sql + " AND " + filter)
    }

    fn now(&self) -> Today {
        Today { day: self.today, zone: self.zone }
    }

    fn order(&self, plus: &str) -> String {
        let columns = self.client().key.iter().map(|key| format!("{plus}{}", column(CLIENT, key)));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// Behind the key in `$1`; `plus` keeps the planner from walking the key's index.
    pub(super) fn after(&self, behind: bool, plus: &str) -> String {
        if behind {
            let key = row(self.client().key.iter().map(|key| format!("{plus}{}", column(CLIENT, key))));
            format!(" AND {key} > {}", self.scope().key_of("$1"))
        } else {
            self.scope().keyless().map(|keyless| format!(" AND NOT {keyless}")).unwrap_or_default()
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
                let is_day = self.scope().dialect.and_is_day(&date);
                let after = self.scope().day(day_after(self.today));
                format!("{date} >= '{FIRST_DAY}' AND {date} < {after}{is_day}")
            }
            None => "FALSE".to_owned(),
        }
    }

    /// The condition under which the period of `lethe_c` has passed, by the rows of these clients.
    pub(super) fn lapsed(&self, whose: &Asked) -> String {
        let (Some(retention), Some(cutoff)) = (&self.plan.retention, self.cutoff) else { return "FALSE".to_owned() };
        let active = |since: Option<NaiveDate>| {
            let sources = retention.activity.iter();
            sources.flat_map(|source| self.activity(source, since, None, whose)).collect::<Vec<_>>()
        };
        // Each by itself, as `PostgreSQL` joins what is not under an OR.
        let mut lapsed: Vec<String> = active(Some(cutoff)).iter().map(|active| format!("NOT {active}")).collect();
        if retention.due_without {
            return lapsed.join(" AND ");
        }
        let mut started = Vec::new();
        if let Some(otherwise) = &retention.otherwise {
            let start = column(CLIENT, otherwise);
            let is_day = self.scope().dialect.and_is_day(&start);
            let cutoff = self.scope().day(cutoff);
            started.push(format!("({start} >= '{FIRST_DAY}' AND {start} < {cutoff}{is_day})"));
        }
        started.extend(active(None));
        lapsed.push(any_of(started));
        lapsed.join(" AND ")
    }

    /// Whether a client of a batch has activity from this source within the period, in rows for which `only` holds: a
    /// condition for each of its paths.
    pub(super) fn active_in_batch(&self, source: &ActivityPlan, only: Option<&str>) -> Vec<String> {
        self.cutoff.map_or_else(Vec::new, |cutoff| self.activity(source, Some(cutoff), only, &Asked::Batch))
    }

    /// Whether `lethe_c` has activity from this source, on or after a day: a condition for each of its paths.
    fn activity(
        &self,
        source: &ActivityPlan,
        since: Option<NaiveDate>,
        only: Option<&str>,
        whose: &Asked,
    ) -> Vec<String> {
        let scope = self.scope();
        let mut condition = Vec::new();
        if let Some(own) = &source.condition {
            condition.push(format!("({})", own.sql(self.now())));
        }
        if let Some(since) = since {
            condition.push(scope.may_be_since(&column(&source.table, &source.date), source.nullable, since));
        }
        condition.extend(only.map(str::to_owned));
        let condition = (!condition.is_empty()).then(|| OfRow {
            sql: condition.join(" AND "),
            always_readable: source.condition.as_ref().is_none_or(|own| own.always_readable),
        });
        source.paths.iter().map(|path| scope.exists_by(path, condition.as_ref(), whose)).collect()
    }
}

impl Scope<'_> {
    /// That a row is of a day or later. A row without a day counts, as its day is unknown; so does a day in another form.
    pub(super) fn may_be_since(&self, date: &str, nullable: bool, since: NaiveDate) -> String {
        let unset = if nullable { format!(" OR {date} IS NULL") } else { String::new() };
        let strange = self.dialect.or_is_no_day(date);
        let since = self.day(since);
        format!("({date} >= {since} OR {date} < '{FIRST_DAY}'{strange}{unset})")
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

/// The next clients whose date has come. `$1` is the last key as JSON, if
/// `behind` one; `$2` the most rows.
pub fn due_page(wanted: &Wanted, way: Way, behind: bool) -> String {
    let scope = wanted.scope();
    let by_date = way == Way::ByDate && wanted.client().due_indexed;
    let hidden = |is_hidden: bool| if is_hidden { scope.dialect.unindexed } else { "" };
    let (key, date) = (hidden(by_date), hidden(!by_date));
    let conditions = format!("{} AND {}{}", wanted.due_by(date), scope.open(), wanted.filters());
    let after = wanted.after(behind, key);
    if by_date && scope.dialect.is_tempted_by_limits {
        // A page at the end of an ordered walk tempts the planner into walking along the key.
        return format!(
            "SELECT {} FROM (SELECT {} FROM {} WHERE {conditions}{after} OFFSET 0) AS {CLIENT} ORDER BY {} LIMIT $2",
            scope.key_json(CLIENT),
            scope.keys(),
            scope.clients(),
            wanted.order(""),
        );
    }
    format!(
        "SELECT {} FROM {} WHERE {conditions}{after} ORDER BY {} LIMIT $2",
        scope.key_json(CLIENT),
        scope.clients(),
        wanted.order(key),
    )
}

/// Finds one row if there are clients to be looked at that have no key; `None` where all have one.
pub fn keyless(wanted: &Wanted, by_period: bool) -> Option<String> {
    let scope = wanted.scope();
    let looked_at = if by_period { wanted.lapsed(&Asked::All) } else { wanted.due() };
    Some(format!(
        "SELECT 1 FROM {} WHERE {} AND {}{} AND {looked_at} LIMIT 1",
        scope.clients(),
        scope.keyless()?,
        scope.open(),
        wanted.filters(),
    ))
}

/// The number of clients, all that have no key counted as one.
fn counted(scope: Scope) -> String {
    match scope.keyless() {
        Some(keyless) => format!(
            "COALESCE(sum(CASE WHEN {keyless} THEN 0 ELSE 1 END), 0) + COALESCE(max(CASE WHEN {keyless} THEN 1 END), 0)"
        ),
        None => "count(*)".to_owned(),
    }
}

/// How many clients there are whose date has come.
pub fn due_count(wanted: &Wanted) -> String {
    count(wanted, &format!("{} AND {}", wanted.due(), wanted.scope().open()))
}

/// How many clients there are whose period has passed.
pub fn lapsed_count(wanted: &Wanted) -> String {
    count(wanted, &format!("{} AND {}", wanted.scope().open(), wanted.lapsed(&Asked::All)))
}

fn count(wanted: &Wanted, condition: &str) -> String {
    let scope = wanted.scope();
    format!("SELECT {} FROM {} WHERE {condition}{}", counted(scope), scope.clients(), wanted.filters())
}

/// Two values at most that a client column has among the clients whose keys are in `$1`, a JSON array.
pub fn listed_values(wanted: &Wanted, own: &str) -> String {
    let scope = wanted.scope();
    format!(
        "SELECT DISTINCT COALESCE({}, '') FROM {} JOIN {} LIMIT 2",
        scope.dialect.as_text(&column(CLIENT, own)),
        scope.dialect.given_keys,
        scope.clients_on(&given_key(scope)),
    )
}

/// A count of clients, of those alone whom no sweep has refused or failed since the moment in `$1`.
pub fn unseen(plan: &Plan, count: &str) -> String {
    let scope = Scope::new(&plan.client, NaiveDate::MIN);
    // Those without a key are seen each time.
    let keyed = scope.keyless().map(|keyless| format!("NOT {keyless} AND ")).unwrap_or_default();
    format!(
        "{count} AND {keyed}NOT EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = {} AND o.outcome IN ('refused', 'failed') \
         AND o.last_at >= $1)",
        scope.key_text(CLIENT)
    )
}

/// A count of clients, less those that were refused when they were last checked.
pub fn unrefused(plan: &Plan, count: &str) -> String {
    // A period before the calendar begins counts nothing.
    if !count.contains(" WHERE ") {
        return count.to_owned();
    }
    let key = Scope::new(&plan.client, NaiveDate::MIN).key_text(CLIENT);
    format!(
        "{count} AND NOT EXISTS (SELECT 1 FROM lethe_outcomes AS o WHERE o.client_key = {key} AND o.outcome = 'refused' \
         AND o.sweep = (SELECT max(latest.sweep) FROM lethe_outcomes AS latest WHERE latest.client_key = o.client_key))"
    )
}

/// The last key of the next range of the client table. `$1` is the key before
/// it as JSON, if `behind` one; `$2` the width of the range less one.
pub fn range_end(wanted: &Wanted, behind: bool) -> String {
    let scope = wanted.scope();
    format!(
        "SELECT {} FROM {} WHERE TRUE{} ORDER BY {} LIMIT 1 OFFSET $2",
        scope.key_json(CLIENT),
        scope.clients(),
        wanted.after(behind, ""),
        wanted.order(""),
    )
}

/// The clients of a range of keys whose period has passed. `$1` is the key
/// before the range, if `behind` one, and `$2` its last key, if it is `bounded`,
/// both as JSON.
pub fn lapsed_range(wanted: &Wanted, behind: bool, bounded: bool) -> String {
    let (client, scope) = (wanted.client(), wanted.scope());
    let until = |key: &str| if bounded { format!(" AND {key} <= {}", scope.key_of("$2")) } else { String::new() };
    let between = |key: &str| {
        let from = if behind { format!(" AND {key} > {}", scope.key_of("$1")) } else { String::new() };
        from + &until(key)
    };
    let whose = if scope.dialect.is_tempted_by_limits { Asked::Between(&between) } else { Asked::All };
    format!(
        "SELECT {} FROM {} WHERE {}{}{}{} AND {} ORDER BY {}",
        scope.key_json(CLIENT),
        scope.clients(),
        scope.open(),
        wanted.after(behind, ""),
        until(&tuple(CLIENT, &client.key)),
        wanted.filters(),
        wanted.lapsed(&whose),
        wanted.order(""),
    )
}

/// The first clients of all whose period has passed, in one pass over
/// them. `$1` is the most rows.
pub fn lapsed_first(wanted: &Wanted) -> String {
    let scope = wanted.scope();
    let lapsed = format!(
        "{} WHERE {}{}{} AND {}",
        scope.clients(),
        scope.open(),
        wanted.after(false, ""),
        wanted.filters(),
        wanted.lapsed(&Asked::All)
    );
    let (key, order) = (scope.key_json(CLIENT), wanted.order(""));
    if !scope.dialect.is_tempted_by_limits {
        return format!("SELECT {key} FROM {lapsed} ORDER BY {order} LIMIT $1");
    }
    // Planned for all of them: a limit would tempt the planner into asking client by client.
    format!(
        "WITH lethe_found AS MATERIALIZED (SELECT {} FROM {lapsed}) SELECT {key} FROM lethe_found AS {CLIENT} ORDER BY {order} LIMIT $1",
        scope.keys()
    )
}

/// Counts the rows of the client table.
pub fn clients_count(client: &ClientPlan) -> String {
    format!("SELECT count(*) FROM {}", relation(client.dialect, &client.table))
}

/// Whether the client table has more than `$1` rows: no row if it has not.
pub fn more_rows_than(client: &ClientPlan) -> String {
    format!("SELECT 1 FROM {} LIMIT 1 OFFSET $1", relation(client.dialect, &client.table))
}
