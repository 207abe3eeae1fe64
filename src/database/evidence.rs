//! By which column the rows of a table name the clients whose values they hold: told by the rows, whatever its name.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use futures::TryStreamExt;
use serde::Serialize;

use super::search::{Bounds, rows};
use super::{Connection, StoreError, query};
use crate::domain::dialect::Dialect;
use crate::domain::residue::Several;
use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};
use crate::plan::{Compared, Hop, Path, Plan};
use crate::sql::{name, relation};

/// The most rows of a table of the plan that are read for the clients to whom they belong.
pub(super) const ROWS: usize = 500;
/// The first rows of a table that has no index by which its clients' are found.
pub(super) const FIRST: usize = 20_000;
/// A value with as many characters is no coincidence; a shorter one has to name two clients.
const LONG: usize = 6;

/// A column by which rows of a table name the clients whose values they hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    pub column: String,
    /// A column that it is unique beside, which both tables have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// The table of the plan whose rows it names; none where it names clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// The column over there.
    pub equals: String,
    /// Whether both are e-mail addresses.
    pub are_emails: bool,
    /// What is written before the client's key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub before: String,
    /// The rows in which it names a client whose values are in the row.
    pub matched: usize,
    /// The rows with values of clients in which it is not blank.
    pub of: usize,
    /// What other columns hold, where it is the same in all rows that match.
    #[serde(skip)]
    pub same: BTreeMap<String, String>,
    /// Columns that name the clients of the other rows: who sent a message, beside who got it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Evidence>,
}

/// Values by which rows may name the clients looked for.
pub(super) struct Names {
    through: Option<String>,
    column: String,
    /// The column of the same name in both tables without which the value is not unique: the number of a company.
    beside: Option<String>,
    kind: Kind,
    are_emails: bool,
    /// Whether this is the client's key.
    is_key: bool,
    of: HashMap<(String, Option<String>), BTreeSet<usize>>,
}

impl Names {
    /// The columns of the client table by which other rows may name a client, its key first.
    pub(super) fn of_clients(plan: &Plan, table: &LiveTable) -> Vec<Self> {
        let mut all = Self::unique(table, None);
        for own in &mut all {
            own.is_key = plan.client.key == [own.column.clone()] && own.beside.is_none();
        }
        let reaches = |own: &&LiveColumn| {
            let low = own.name.to_lowercase();
            own.kind() == Kind::Text && ["mail", "phone", "mobile", "telefon"].iter().any(|word| low.contains(word))
        };
        all.extend(table.columns.iter().filter(reaches).map(|own| Self::of(own, None, None)));
        all.sort_by_key(|own| !own.is_key);
        all
    }

    /// The columns that are unique, alone or beside another.
    fn unique(table: &LiveTable, through: Option<&str>) -> Vec<Self> {
        let column = |own: &Option<String>| table.column(own.as_ref()?).filter(|own| own.kind() != Kind::Bytes);
        let mut all: Vec<Self> = Vec::new();
        for unique in &table.unique {
            let found: Option<Vec<&LiveColumn>> = unique.columns.iter().map(column).collect();
            match found.as_deref() {
                Some([one]) => all.push(Self::of(one, None, through)),
                Some([one, two]) => {
                    let pairs = [(one, two), (two, one)].into_iter().filter(|(own, _)| own.kind() != Kind::Integer);
                    all.extend(pairs.map(|(own, other)| Self::of(own, Some(other), through)));
                }
                _ => {}
            }
        }
        all
    }

    fn of(column: &LiveColumn, beside: Option<&LiveColumn>, through: Option<&str>) -> Self {
        Self {
            through: through.map(str::to_owned),
            column: column.name.clone(),
            beside: beside.map(|own| own.name.clone()),
            kind: column.kind(),
            are_emails: column.kind() == Kind::Text && column.name.to_lowercase().contains("mail"),
            is_key: false,
            of: HashMap::new(),
        }
    }

    /// The clients by their keys, if this is what they are.
    pub(super) fn keys(&self) -> Option<HashMap<String, usize>> {
        let one =
            |((key, _), clients): (&(String, Option<String>), &BTreeSet<usize>)| Some((key.clone(), *clients.first()?));
        self.is_key.then(|| self.of.iter().filter_map(one).collect())
    }

    /// What is read of each row: the value, and the one beside it.
    pub(super) fn texts(&self, table: &str) -> String {
        let text = |own: &String| format!("CAST({}.{} AS TEXT)", name(table), name(own));
        format!("{}, {}", text(&self.column), self.beside.as_ref().map_or_else(|| "NULL".to_owned(), text))
    }

    pub(super) fn add(&mut self, value: Option<String>, beside: Option<String>, client: usize) {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            self.of.entry((self.form(&value), beside)).or_default().insert(client);
        }
    }

    fn form(&self, value: &str) -> String {
        if self.are_emails { value.trim().to_lowercase() } else { value.to_owned() }
    }

    /// Whether the value beside does not make all the difference.
    fn differs(&self) -> bool {
        self.of.keys().map(|(value, _)| value).collect::<BTreeSet<_>>().len() * 2 >= self.of.len()
    }

    /// Those of these clients whom a value names.
    fn named(&self, value: &str, beside: Option<&String>, clients: &BTreeSet<usize>) -> BTreeSet<usize> {
        let named = self.of.get(&(self.form(value), beside.cloned()));
        named.into_iter().flat_map(|own| own.intersection(clients)).copied().collect()
    }
}

/// Adds the values by which rows of the plan's tables are named, where these name their client themselves.
pub(super) async fn add_reached(
    connection: &mut Connection,
    plan: &Plan,
    schema: &Schema,
    all: &mut Vec<Names>,
) -> Result<(), StoreError> {
    let [key] = plan.client.key.as_slice() else { return Ok(()) };
    let Some(keys) = all.iter().find(|own| own.is_key).map(|own| own.of.clone()) else { return Ok(()) };
    let few = format!(
        "(SELECT {} AS k FROM {} LIMIT {}) AS few",
        name(key),
        relation(schema.dialect, &plan.client.table),
        keys.len()
    );
    for step in plan.steps.iter().filter(|step| step.table != plan.client.table) {
        let Some(table) = schema.table(&step.table) else { continue };
        let Some(hop) = step.paths.iter().find_map(by_key) else { continue };
        let mut names = Names::unique(table, Some(&table.name));
        let is_login = |own: &&LiveColumn| {
            let low = own.name.to_lowercase().replace('_', "");
            own.kind() == Kind::Text && ["login", "username"].iter().any(|word| low.ends_with(word))
        };
        let logins =
            table.columns.iter().filter(is_login).filter(|own| !table.is_unique(std::slice::from_ref(&own.name)));
        names.extend(logins.map(|own| Names::of(own, None, Some(&table.name))));
        names.retain(|own| hop.columns != [own.column.clone()]);
        if names.is_empty() {
            continue;
        }
        let texts: Vec<String> = names.iter().map(|own| own.texts(&table.name)).collect();
        let own = if table.is_indexed(&hop.columns) {
            relation(schema.dialect, &table.name)
        } else {
            let first = relation(schema.dialect, &table.name);
            format!("(SELECT * FROM {first} LIMIT {FIRST}) AS {}", name(&table.name))
        };
        let sql = format!(
            "SELECT CAST(few.k AS TEXT), {} FROM {own} JOIN {few} ON few.k = {}.{} LIMIT {ROWS}",
            texts.join(", "),
            name(&table.name),
            name(&hop.columns[0])
        );
        for row in query(&sql).fetch_all(&mut *connection).await? {
            let client: String = row.get(0)?;
            for client in keys.get(&(client, None)).into_iter().flatten() {
                for (at, own) in names.iter_mut().enumerate() {
                    own.add(row.get(2 * at + 1)?, row.get(2 * at + 2)?, *client);
                }
            }
        }
        all.extend(names);
    }
    Ok(())
}

/// The only hop of a way by the client's key.
fn by_key(path: &Path) -> Option<&Hop> {
    let [hop] = path.hops.as_slice() else { return None };
    (path.by_key && hop.condition.is_none() && hop.compared == [Compared::Plainly]).then_some(hop)
}

/// Reads the first rows of a table for the column that names their clients.
pub(super) async fn of_table(
    connection: &mut Connection,
    dialect: Dialect,
    table: &LiveTable,
    values: &Several,
    names: &[Names],
    bounds: &Bounds,
) -> Result<Option<Evidence>, StoreError> {
    let columns: Vec<&LiveColumn> =
        table.columns.iter().filter(|own| own.kind() != Kind::Bytes && !own.generated).collect();
    let sql = rows(dialect, table, &columns, "NULL", bounds.rows);
    let is_key = |own: &&LiveColumn| own.primary_key > 0;
    let is_alone = columns.iter().filter(|own| is_key(own)).count() == 1;
    let own_number = columns.iter().position(|own| is_key(own) && own.kind() == Kind::Integer).filter(|_| is_alone);
    let place = |own: &String| columns.iter().position(|column| column.name == *own).unwrap_or(columns.len());
    let beside = names.iter().map(|own| own.beside.as_ref().map(place)).collect();
    let mut by_value: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, own) in names.iter().enumerate().filter(|(_, own)| own.differs()) {
        own.of.keys().for_each(|(value, _)| by_value.entry(value).or_default().push(at));
    }
    let (filled, matches) = (BTreeMap::new(), BTreeMap::new());
    let mut all = Tally { columns, names, by_value, beside, own_number, rows: 0, filled, matches };
    // A single word, such as a first name, may be another person's: the other rows say more, if there are any.
    let mut telling = all.clone();
    let mut rows = query(&sql).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        if Instant::now() >= bounds.until {
            break;
        }
        // A value that is not UTF-8 names no client.
        let texts: Vec<Option<String>> =
            (0..all.columns.len()).map(|at| row.get::<Option<String>>(at).unwrap_or(None)).collect();
        let is_text = |column: &LiveColumn| matches!(column.kind(), Kind::Text | Kind::Unknown);
        let read = all.columns.iter().zip(&texts).filter(|(column, _)| is_text(column));
        let found: BTreeSet<usize> =
            read.filter_map(|(_, text)| Some(values.found_in(text.as_ref()?))).flatten().collect();
        let tell: BTreeSet<usize> = found.iter().copied().filter(|value| values.is_telling(*value, &found)).collect();
        for (tally, found) in [(&mut all, &found), (&mut telling, &tell)] {
            if !found.is_empty() {
                tally.add(&texts, &values.owners(found));
            }
        }
    }
    Ok(telling.best().or_else(|| all.best()))
}

/// What was seen of the columns of a table.
#[derive(Clone)]
struct Tally<'a> {
    columns: Vec<&'a LiveColumn>,
    names: &'a [Names],
    /// Which of them a value may be one of.
    by_value: HashMap<&'a str, Vec<usize>>,
    /// For each, the column that is compared beside it; one too far where the table has none of that name.
    beside: Vec<Option<usize>>,
    /// The whole number that is the table's primary key.
    own_number: Option<usize>,
    /// The rows with values of clients.
    rows: usize,
    /// Those in which a column is not blank.
    filled: BTreeMap<usize, usize>,
    /// Rows that name their client, by the column, by what is in it, and by what stands before that.
    matches: BTreeMap<(usize, usize, String), Match>,
}

#[derive(Clone, Default)]
struct Match {
    rows: BTreeSet<usize>,
    clients: BTreeSet<usize>,
    is_long: bool,
    same: Option<Vec<Option<String>>>,
}

impl Tally<'_> {
    fn add(&mut self, texts: &[Option<String>], clients: &BTreeSet<usize>) {
        self.rows += 1;
        for (at, text) in texts.iter().enumerate() {
            // Rows may have been made in the order of the clients: a table's own numbers say nothing.
            let text = text.as_deref().filter(|text| !text.trim().is_empty() && Some(at) != self.own_number);
            let Some(text) = text else { continue };
            *self.filled.entry(at).or_default() += 1;
            let low = text.trim().to_lowercase();
            let whole = [text, low.as_str()].into_iter().filter_map(|form| self.by_value.get(form)).flatten();
            let mut named: BTreeSet<(usize, &str, &str)> = whole.map(|own| (*own, "", text)).collect();
            if let (Kind::Text, Some((before, key))) = (self.columns[at].kind(), parted(text)) {
                let keys = self.by_value.get(key).into_iter().flatten().filter(|own| self.names[**own].is_key);
                named.extend(keys.map(|own| (*own, before, key)));
            }
            for (names_at, before, value) in named {
                let names = &self.names[names_at];
                let beside = match self.beside[names_at] {
                    None => None,
                    Some(other) => match texts.get(other).filter(|_| other != at) {
                        Some(Some(beside)) => Some(beside),
                        _ => continue,
                    },
                };
                let of = names.named(value, beside, clients);
                if of.is_empty() || (before.is_empty() && !names.kind.compares_with(self.columns[at].kind())) {
                    continue;
                }
                let own = self.matches.entry((at, names_at, before.to_owned())).or_default();
                own.rows.insert(self.rows);
                own.clients.extend(of);
                own.is_long |= value.chars().count() >= LONG;
                let same = own.same.get_or_insert_with(|| texts.to_vec());
                for (one, _) in same.iter_mut().zip(texts).filter(|(one, other)| one != other) {
                    *one = None;
                }
            }
        }
    }

    /// The column that names the clients of most rows, of those that do so in half of them; the client table before others.
    fn best(self) -> Option<Evidence> {
        let filled = |at: &usize| self.filled.get(at).copied().unwrap_or(0);
        let is_good = |((at, ..), own): &(&(usize, usize, String), &Match)| {
            own.rows.len() * 2 >= filled(at) && (own.is_long || own.clients.len() > 1)
        };
        let rank = |((_, names, before), own): &(&(usize, usize, String), &Match)| {
            let (of, last) = (&self.names[*names], std::cmp::Reverse(*names));
            (own.rows.len(), of.through.is_none(), of.beside.is_none(), before.is_empty(), last)
        };
        let ((at, names, before), own) = self.matches.iter().filter(is_good).max_by_key(rank)?;
        let mut best = self.evidence(*at, *names, before, own);
        let mut covered = own.rows.clone();
        let alike = self.matches.iter().filter(|((_, other, text), _)| other == names && text == before);
        let alike: Vec<_> = alike.collect();
        let more = |covered: &BTreeSet<usize>, own: &Match| own.rows.difference(covered).count();
        while let Some(((at, ..), own)) = alike.iter().max_by_key(|(_, own)| more(&covered, own)) {
            let added = more(&covered, own);
            if added < 3 || added * 2 < self.rows - covered.len() || own.clients.len() < 2 {
                break;
            }
            best.also.push(self.evidence(*at, *names, before, own));
            covered.extend(&own.rows);
        }
        Some(best)
    }

    fn evidence(&self, at: usize, names: usize, before: &str, own: &Match) -> Evidence {
        let names = &self.names[names];
        let same = self.columns.iter().zip(own.same.iter().flatten());
        Evidence {
            column: self.columns[at].name.clone(),
            beside: names.beside.clone(),
            through: names.through.clone(),
            equals: names.column.clone(),
            are_emails: names.are_emails,
            before: before.to_owned(),
            matched: own.rows.len(),
            of: self.filled.get(&at).copied().unwrap_or(0),
            same: same.filter_map(|(column, value)| Some((column.name.clone(), value.clone()?))).collect(),
            also: Vec::new(),
        }
    }
}

/// A text in its words and the key behind them: `party.party,1`.
#[must_use]
pub fn parted(value: &str) -> Option<(&str, &str)> {
    let at = value.rfind([',', ':', '/', '#', '|'])? + 1;
    let (before, id) = value.split_at(at);
    (before.len() > 2 && !id.is_empty() && !value.contains(char::is_whitespace)).then_some((before, id))
}
