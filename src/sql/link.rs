//! The ways from rows to clients, as SQL: as a condition on a row (`belongs`),
//! as a question about a client (`exists`), and as a join (`join`).

use super::{Scope, any_of, as_compared, column, columns, key_columns, name, other_side, own_side, row, text, tuple};
use crate::domain::today::Today;
use crate::plan::{Compared, Condition, FIRST_DAY, Hop, Path};
use crate::policy::{Part, Template};

/// The client table where it is asked about a client, whatever it is called.
pub(super) const CLIENT: &str = "lethe_c";

/// A client taken, where its rows are asked for.
pub(super) const TAKEN: &str = "lethe_t";

/// What is asked of the rows that a path starts with: expressions over a row
/// alone, whatever columns of the same names other tables of the path have.
#[derive(Debug, Clone, Default)]
pub(super) struct Looks {
    /// Only rows for which all of these hold.
    pub(super) conditions: Vec<String>,
    /// The results of these are the columns `lethe_0`, `lethe_1`, …
    pub(super) results: Vec<String>,
}

pub(super) struct OfRow {
    pub(super) sql: String,
    /// Whether no row can hold a value that it cannot read.
    pub(super) always_readable: bool,
}

impl OfRow {
    pub(super) fn new(condition: &Condition, today: Today) -> Self {
        Self { sql: condition.sql(today), always_readable: condition.always_readable }
    }
}

/// Whose rows a question about clients looks at.
pub(super) enum Asked<'a> {
    /// Those of all clients.
    All,
    /// Those of the clients between two keys: the bounds, repeated where their
    /// rows are looked up, keep a database from reading all rows.
    Between(&'a dyn Fn(&str) -> String),
    /// Those of the clients of a batch.
    Batch,
}

/// How rows are asked whether they belong to clients.
struct Reached<'a> {
    /// The temporary table of these clients' keys.
    from: &'a str,
    /// Whether the hops' conditions are asked too.
    conditions: bool,
    /// Whether the rows are at hand, so that a hashed query is quicker than an
    /// array by which rows are looked up.
    at_hand: bool,
}

impl Scope<'_> {
    /// The client table under the name by which it is asked about.
    pub(super) fn clients(&self) -> String {
        format!("{} AS {CLIENT}", self.dialect.qualified(&self.client.table))
    }

    /// The columns of the client's key.
    pub(super) fn keys(&self) -> String {
        columns(CLIENT, &self.client.key)
    }

    /// The client table, to be joined by a key.
    pub(super) fn clients_on(&self, key: &str) -> String {
        format!("{} ON {} = {key}", self.clients(), tuple(CLIENT, &self.client.key))
    }

    /// The clients of a batch `b`, with their rows.
    pub(super) fn batch(&self) -> String {
        format!("lethe_batch AS b JOIN {}", self.clients_on(&row(key_columns("b", self.client.key.len()))))
    }

    /// Where a row of the path's first table belongs to one of the clients taken.
    pub(super) fn belongs(&self, paths: &[Path]) -> String {
        if self.dialect.looks_up_in_arrays && paths.len() > 1 && paths.iter().any(|path| path.exclusive) {
            // Found by index, and then looked at by hash.
            let reached = any_of(paths.iter().map(|path| self.reached_by(path)).collect());
            return format!("({reached} AND {})", self.is_taken(paths));
        }
        any_of(paths.iter().map(|path| self.belongs_by(path)).collect())
    }

    fn belongs_by(&self, path: &Path) -> String {
        self.only_theirs(path, self.reached_by(path))
    }

    fn only_theirs(&self, path: &Path, reached: String) -> String {
        if path.exclusive { format!("({reached} AND {})", self.nobody_elses(path)) } else { reached }
    }

    /// Locks the rows that may belong to several clients, so that two batches
    /// with one of them each do not both leave a row to the other.
    pub(super) fn lock_shared(&self, path: &Path) -> Option<String> {
        if self.dialect.has_one_writer || !path.exclusive {
            return None;
        }
        let at_hand = Reached { from: "lethe_taken", conditions: true, at_hand: true };
        Some(format!(
            "WITH locked AS (SELECT 1 FROM {} WHERE {} AND ({}) IS TRUE ORDER BY tableoid, ctid FOR NO KEY UPDATE) \
             SELECT count(*) FROM locked",
            self.relation(&path.hops[0].table),
            self.reached_by(path),
            self.reached(path, &at_hand)
        ))
    }

    /// Where a row of the path's first table is reached from one of the clients taken, even if others have it too.
    pub(super) fn reached_by(&self, path: &Path) -> String {
        self.reached(path, &Reached { from: "lethe_taken", conditions: true, at_hand: false })
    }

    fn reached(&self, path: &Path, asked: &Reached) -> String {
        let keys = |compared: Option<&[Compared]>| {
            let own = key_columns(TAKEN, self.client.key.len());
            let own = match compared {
                Some(compared) => other_side(own, compared),
                None => own.collect(),
            };
            format!("SELECT {} FROM {} AS {TAKEN}", own.join(", "), asked.from)
        };
        let mut condition = String::new();
        for (at, hop) in path.hops.iter().enumerate().rev() {
            let matched =
                |table: &str| other_side(hop.matches.iter().map(|own| column(table, own)), &hop.compared).join(", ");
            let among = match path.hops.get(at + 1) {
                Some(next) => {
                    format!("SELECT {} FROM {} WHERE {condition}", matched(&next.table), self.relation(&next.table))
                }
                None if path.by_key => keys(Some(&hop.compared)),
                None => {
                    let key = tuple(CLIENT, &self.client.key);
                    let known = self.dialect.among(&key, self.client.key.len(), &keys(None));
                    format!("SELECT {} FROM {} WHERE {known}", matched(CLIENT), self.clients())
                }
            };
            condition = if at == 0 && asked.at_hand {
                format!("{} IN ({among})", own(hop))
            } else {
                self.dialect.among(&own(hop), hop.columns.len(), &among)
            };
            let is_array = self.dialect.looks_up_in_arrays && !asked.at_hand && hop.columns.len() == 1;
            if is_array && path.by_key && path.hops.len() == 1 {
                // An array is searched from the front: a table that is read whole is asked by hash first.
                condition = format!("({condition} AND ({} IN ({among})) IS TRUE)", own(hop));
            }
            if let Some(own) = hop.condition.as_ref().filter(|_| asked.conditions) {
                condition = format!("{condition} AND ({})", own.sql(self.today));
            }
        }
        let several = asked.conditions && path.hops.iter().any(|hop| hop.condition.is_some());
        if several { format!("({condition})") } else { condition }
    }

    /// A condition of the policy on rows of these paths' first table.
    pub(super) fn of_rows(&self, paths: &[Path], condition: &OfRow) -> String {
        if condition.always_readable { format!("({})", condition.sql) } else { self.of_batch(paths, &condition.sql) }
    }

    /// An expression over rows of these paths' first table, asked of rows of the
    /// batch's clients alone: where a database evaluates conditions in any order,
    /// one that cannot read another client's row would fail this batch too.
    pub(super) fn of_batch(&self, paths: &[Path], condition: &str) -> String {
        if !self.dialect.evaluates_in_any_order {
            return format!("({condition})");
        }
        let held = any_of(paths.iter().map(|path| self.held(path)).collect());
        format!("CASE WHEN {held} THEN ({condition}) ELSE FALSE END")
    }

    /// That a row belongs to a client of the batch, asked of rows at hand.
    fn held(&self, path: &Path) -> String {
        self.reached(path, &Reached { from: "lethe_held", conditions: false, at_hand: true })
    }

    /// Where a row belongs to one of the clients taken, asked of rows at hand.
    pub(super) fn is_taken(&self, paths: &[Path]) -> String {
        let asked = Reached { from: "lethe_taken", conditions: true, at_hand: true };
        any_of(paths.iter().map(|path| self.only_theirs(path, self.reached(path, &asked))).collect())
    }

    /// That no other client has the row, by this way or another of its table. An
    /// expression over the row alone.
    pub(super) fn nobody_elses(&self, path: &Path) -> String {
        let rivals = path.rivals.iter().map(|rival| {
            let other = format!("EXISTS ({})", self.other_client(rival));
            match &rival.hops[0].condition {
                Some(condition) => format!("NOT (COALESCE(({}), FALSE) AND {other})", condition.sql(self.today)),
                None => format!("NOT {other}"),
            }
        });
        rivals.collect::<Vec<_>>().join(" AND ")
    }

    /// That the row belongs to a client, not anonymized and not taken, by this way.
    pub(super) fn has_other(&self, path: &Path) -> String {
        let other = format!("EXISTS ({})", self.other_client(path));
        // A condition that cannot read every row is not asked of the rows of others.
        match path.hops[0].condition.as_ref().filter(|own| own.always_readable) {
            Some(own) => format!("(COALESCE(({}), FALSE) AND {other})", own.sql(self.today)),
            None => other,
        }
    }

    /// A client, not anonymized and not taken, to whom the row belongs too.
    fn other_client(&self, path: &Path) -> String {
        let is_other = format!("NOT {} AND NOT {}", self.anonymized(), self.is_client_taken());
        self.client_by(path, is_other)
    }

    /// That the row belongs by this way to a client who is anonymized, or taken to be. An expression over the row alone.
    pub(super) fn has_anonymized(&self, path: &Path) -> String {
        let gone = format!("({} OR {})", self.is_client_taken(), self.anonymized());
        let mut sql = format!("EXISTS ({})", self.client_by(path, gone));
        if let Some(own) = &path.hops[0].condition {
            sql = format!("(({}) AND {sql})", own.sql(self.today));
        }
        self.only_theirs(path, sql)
    }

    /// That the client `lethe_c` is one of those taken.
    fn is_client_taken(&self) -> String {
        let keys: Vec<String> = key_columns(TAKEN, self.client.key.len()).collect();
        format!("{} IN (SELECT {} FROM lethe_taken AS {TAKEN})", tuple(CLIENT, &self.client.key), keys.join(", "))
    }

    /// A client for whom a condition holds, and to whom the row belongs by this way, if its own condition holds.
    fn client_by(&self, path: &Path, condition: String) -> String {
        let mut sql = format!("SELECT 1 FROM {}", self.clients());
        let mut meets = Vec::new();
        for at in (0..path.hops.len()).rev() {
            if at > 0 {
                sql = format!("{sql} JOIN {} ON {}", self.rows_of(path, at, &Looks::default()), equal(path, at));
            } else {
                meets.push(equal(path, 0));
            }
        }
        meets.push(condition);
        format!("{sql} WHERE {}", meets.join(" AND "))
    }

    /// A hop's table under its name in the path, with only the rows that count.
    fn rows_of(&self, path: &Path, at: usize, looks: &Looks) -> String {
        let hop = &path.hops[at];
        let table = self.relation(&hop.table);
        let own = hop.condition.iter().map(|condition| condition.sql(self.today));
        let conditions: Vec<String> =
            own.chain(looks.conditions.iter().cloned()).map(|condition| format!("({condition})")).collect();
        let results: Vec<String> =
            looks.results.iter().enumerate().map(|(at, result)| format!(", ({result}) AS lethe_{at}")).collect();
        let called = called(path, at);
        let named = name(&called);
        match (conditions.as_slice(), results.as_slice()) {
            ([], []) if called == hop.table => table,
            ([], []) => format!("{table} AS {named}"),
            ([], _) => format!("(SELECT *{} FROM {table}) AS {named}", results.concat()),
            _ => format!("(SELECT *{} FROM {table} WHERE {}) AS {named}", results.concat(), conditions.join(" AND ")),
        }
    }

    /// Whether the client `lethe_c` has a row by one of these ways for which
    /// `condition` holds.
    pub(super) fn exists(&self, paths: &[Path], condition: Option<&OfRow>, asked: &Asked) -> String {
        any_of(paths.iter().map(|path| self.exists_by(path, condition, asked)).collect())
    }

    /// The same by one way.
    pub(super) fn exists_by(&self, path: &Path, condition: Option<&OfRow>, asked: &Asked) -> String {
        let condition = condition.map(|condition| match asked {
            Asked::Batch => self.of_rows(std::slice::from_ref(path), condition),
            Asked::All | Asked::Between(_) => format!("({})", condition.sql),
        });
        let mut inner = condition.map(|condition| format!(" AND {condition}")).unwrap_or_default();
        if let (Asked::Between(between), Some(key)) = (asked, path.key_columns()) {
            inner = format!("{}{inner}", between(&tuple(&path.hops[0].table, key)));
        }
        for (at, hop) in path.hops.iter().enumerate() {
            let own = hop.condition.as_ref().map(|own| format!(" AND ({})", own.sql(self.today))).unwrap_or_default();
            let called = called(path, at);
            let named = if called == hop.table { String::new() } else { format!(" AS {}", name(&called)) };
            inner = format!(
                " AND EXISTS (SELECT 1 FROM {}{named} WHERE {}{own}{inner})",
                self.relation(&hop.table),
                equal(path, at)
            );
        }
        inner.trim_start_matches(" AND ").to_owned()
    }

    /// The rows reached by a path from the clients taken, as `FROM`: the client is
    /// `lethe_t`, the row's table has its own name.
    pub(super) fn join(&self, path: &Path, mut looks: Looks) -> String {
        for condition in &mut looks.conditions {
            *condition = self.of_batch(std::slice::from_ref(path), condition);
        }
        if path.exclusive {
            // A row that stays for another client is not this client's to look at.
            looks.conditions.push(self.nobody_elses(path));
        }
        let then = self.dialect.then;
        let mut sql = format!("lethe_taken AS {TAKEN}");
        let width = self.client.key.len();
        if !path.by_key {
            let taken = row(key_columns(TAKEN, width));
            let near = self.near(&tuple(CLIENT, &self.client.key), &key_columns(TAKEN, width).collect::<Vec<_>>());
            sql = format!("{sql} {then} {}{near}", self.clients_on(&taken));
        }
        for (at, hop) in path.hops.iter().enumerate().rev() {
            let on = if at + 1 == path.hops.len() && path.by_key {
                let keys = other_side(key_columns(TAKEN, width), &hop.compared);
                let own = own_side(&called(path, at), &hop.columns, &hop.compared);
                let near = self.near(&own, &keys);
                format!("{own} = {}{near}", row(keys.into_iter()))
            } else {
                equal(path, at)
            };
            let rows = if at == 0 { self.rows_of(path, at, &looks) } else { self.rows_of(path, at, &Looks::default()) };
            sql = format!("{sql} {then} {rows} ON {on}");
        }
        sql
    }

    /// What a join says twice, where a database that does not know how few clients are taken would read all rows: by the
    /// array it finds them by index, and without an index it asks the hash first.
    fn near(&self, own: &str, keys: &[String]) -> String {
        let [key] = keys else { return String::new() };
        if !self.dialect.looks_up_in_arrays {
            return String::new();
        }
        let taken = format!("SELECT {key} FROM lethe_taken AS {TAKEN}");
        format!(" AND {} AND ({own} IN ({taken})) IS TRUE", self.dialect.among(own, 1, &taken))
    }

    /// The rows of a path's first table joined with their clients, and the expressions of the client's key.
    pub(super) fn join_from(&self, path: &Path, looks: &Looks) -> (String, String) {
        let mut sql = self.rows_of(path, 0, looks);
        for at in 1..path.hops.len() {
            sql = format!("{sql} JOIN {} ON {}", self.rows_of(path, at, &Looks::default()), equal(path, at - 1));
        }
        let last = &path.hops[path.hops.len() - 1];
        let last_called = called(path, path.hops.len() - 1);
        if path.by_key {
            let keys = last.columns.iter().zip(&last.compared).zip(&self.client.key_types);
            let keys = keys.map(|((own, compared), declared)| match column(&last_called, own) {
                own if as_compared(String::new(), compared).is_empty() => own,
                own => format!("CAST({own} AS {declared})"),
            });
            return (sql, keys.collect::<Vec<_>>().join(", "));
        }
        sql = format!("{sql} JOIN {} ON {}", self.clients(), equal(path, path.hops.len() - 1));
        (sql, self.keys())
    }

    /// Whether the client `lethe_c` was anonymized before.
    pub(super) fn anonymized(&self) -> String {
        if let Some(marked) = self.marked() {
            return marked;
        }
        // Not EXISTS, for which a database may read the whole ledger into a hash.
        let by_ledger = format!("COALESCE((SELECT TRUE {} LIMIT 1), FALSE)", self.record());
        match self.unmarked() {
            Some(unmarked) => format!("(NOT ({unmarked}) AND {by_ledger})"),
            None => by_ledger,
        }
    }

    /// That the client's own row says that it was anonymized, if it says so or not: who has the key of one
    /// anonymized before, and says no, is another client.
    pub(super) fn marked(&self) -> Option<String> {
        let flag = column(CLIENT, self.client.anonymized.as_ref()?);
        Some(if self.client.flag_boolean { format!("({flag} IS TRUE)") } else { format!("(COALESCE({flag}, 0) <> 0)") })
    }

    /// That the row of the client `lethe_c` bears none of the texts that the rules leave in it, if they leave any.
    pub(super) fn unmarked(&self) -> Option<String> {
        let mark = |(own, template): &(String, Template)| {
            let key = || {
                let key = self.key_columns(CLIENT);
                key.iter().map(|own| self.dialect.as_text(own)).collect::<Vec<_>>().join(" || '-' || ")
            };
            let parts = template.0.iter().map(|part| match part {
                Part::Text(plain) => text(plain),
                // A mark with `{row}` is one where that is the client's key.
                Part::Key | Part::Row => key(),
                Part::Today => format!("'{}'", self.today),
            });
            format!("{} IS DISTINCT FROM {}", column(CLIENT, own), parts.collect::<Vec<_>>().join(" || "))
        };
        let marks = &self.client.marks;
        (!marks.is_empty()).then(|| marks.iter().map(mark).collect::<Vec<_>>().join(" AND "))
    }

    /// That the row of the client `lethe_c` has a day that one anonymized in the sweep `s` cannot have had.
    pub(super) fn newer(&self) -> Option<String> {
        let client = self.client;
        let mut newer = Vec::new();
        for day in client.to_anonymize_on.iter().chain(&client.started_on) {
            newer.push(format!("{} > {}", column(CLIENT, day), self.dialect.day("s.today")));
        }
        newer.extend(client.to_anonymize_on.iter().map(|day| {
            let day = column(CLIENT, day);
            format!("(({day} IS NULL OR {day} < '{FIRST_DAY}') AND s.kind = 'due')")
        }));
        (!newer.is_empty()).then(|| newer.join(" OR "))
    }

    /// That the row of the client `lethe_c` has a day that had come by the sweep `s`, as one anonymized in it can have had.
    pub(super) fn older(&self) -> Option<String> {
        let days = self.client.to_anonymize_on.iter().chain(&self.client.started_on);
        let older = |day: &String| {
            let day = column(CLIENT, day);
            format!("({day} >= '{FIRST_DAY}' AND {day} <= {})", self.dialect.day("s.today"))
        };
        let older: Vec<String> = days.map(older).collect();
        (!older.is_empty()).then(|| older.join(" OR "))
    }

    /// The ledger's record that the client `lethe_c` was anonymized.
    fn record(&self) -> String {
        format!("FROM lethe_outcomes AS o WHERE o.client_key = {} AND o.outcome = 'anonymized'", self.key_text(CLIENT))
    }

    /// Not marked as anonymized, in the words that a partial index is made with.
    pub(super) fn open(&self) -> String {
        let Some(flag) = &self.client.anonymized else {
            let unknown = format!("NOT EXISTS (SELECT 1 {})", self.record());
            return match self.unmarked() {
                Some(unmarked) => format!("(({unmarked}) OR {unknown})"),
                None => unknown,
            };
        };
        let flag = column(CLIENT, flag);
        match (self.client.flag_boolean, self.client.flag_nullable) {
            (true, false) => format!("NOT {flag}"),
            (true, true) => format!("{flag} IS NOT TRUE"),
            (false, false) => format!("{flag} = 0"),
            (false, true) => format!("({flag} = 0 OR {flag} IS NULL)"),
        }
    }
}

/// The columns of a hop, to be compared with what they match.
fn own(hop: &Hop) -> String {
    own_side(&hop.table, &hop.columns, &hop.compared)
}

/// What a hop's table is called where the whole path is asked: a table that the path goes through again has another name.
fn called(path: &Path, at: usize) -> String {
    let table = &path.hops[at].table;
    if path.hops[..at].iter().any(|hop| hop.table == *table) { format!("lethe_again_{at}") } else { table.clone() }
}

/// That the columns of one hop equal those of the next.
fn equal(path: &Path, at: usize) -> String {
    let hop = &path.hops[at];
    let next = if at + 1 < path.hops.len() { called(path, at + 1) } else { CLIENT.to_owned() };
    let matches = other_side(hop.matches.iter().map(|own| column(&next, own)), &hop.compared);
    format!("{} = {}", own_side(&called(path, at), &hop.columns, &hop.compared), row(matches.into_iter()))
}
