//! Puts a plan together, collecting every problem on the way.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{
    AcceptedPlan, ClientPlan, Condition, FilterPlan, Longhand, Path, PlacedCondition, Plan, Problem, SelectionsPlan,
    gate, placeholder, quasi, retention, rules, shown, watched,
};
use crate::domain::nearest::nearest;
use crate::domain::schema::{Kind, LiveColumn, LiveTable, Schema};
use crate::domain::value::hex;
use crate::policy::{Links, Policy, Table};

/// A plan under construction.
pub(super) struct Builder<'a> {
    pub(super) policy: &'a Policy,
    pub(super) schema: &'a Schema,
    pub(super) client_table: &'a LiveTable,
    pub(super) key: Vec<String>,
    pub(super) conditions: Vec<PlacedCondition>,
    pub(super) notes: Vec<String>,
    /// What the policy says of each table, by its live name.
    rules: BTreeMap<&'a str, &'a Table>,
    problems: Vec<Problem>,
}

/// The plan as far as it can be made, and everything that is wrong with it.
pub(super) fn build(policy: &Policy, schema: &Schema) -> (Option<Plan>, Vec<Problem>) {
    let long = Longhand::of(policy, schema);
    let policy = &long.policy;
    let client_table = match find_table(schema, &policy.client.table, "client.table") {
        Ok(table) => table,
        Err(problem) => return (None, vec![problem]),
    };
    let mut builder = Builder {
        policy,
        schema,
        client_table,
        key: Vec::new(),
        conditions: Vec::new(),
        rules: rules_of(policy, schema),
        notes: long.notes.clone(),
        problems: long.problems.clone(),
    };
    let mut client = builder.client();
    if client.key.is_empty() {
        return (None, builder.problems);
    }
    gate::check(&mut builder);
    let filters = builder.filters();
    let selections = builder.selections();
    let retention = builder.retention();
    let guards = builder.guards();
    let rules = rules::build(&mut builder, &client);
    for step in rules.steps.iter().filter(|step| !step.triggers.is_empty()) {
        let names = list(step.triggers.iter().map(String::as_str));
        let what = if step.triggers.len() == 1 { "a trigger fires" } else { "triggers fire" };
        builder.note(format!("{what} where rows of `{}` are changed or deleted: {names}", step.table));
    }
    client.started_on = retention.as_ref().and_then(|own| own.otherwise.clone());
    client.marks = rules::marks(&client, &rules.steps);
    let reacts = reacts(schema, &rules.steps);
    let row_retention = retention::rows(&mut builder);
    let quasi_identifiers = quasi::columns(&mut builder);
    let shown = shown::columns(&mut builder);
    let recognition = builder.recognition();
    let refresh = builder.refresh();
    placeholder::together(&mut builder, &rules.steps);
    let accepted = builder.accepted();
    let watched = watched::tables(&mut builder, &rules.steps, &accepted);
    let mut problems: Vec<Problem> = Vec::new();
    for problem in builder.problems {
        // A way is looked at for each table that goes by it.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    let plan = Plan {
        policy: policy.clone(),
        digest: digest(policy, schema),
        client,
        one_value: policy.filters.iter().filter(|(_, own)| own.one()).map(|(name, _)| name.clone()).collect(),
        filters,
        selections,
        retention,
        guards,
        steps: rules.steps,
        identifying: rules.identifying,
        searched: rules.searched,
        min_length: policy.residue.min_length,
        files: rules.files,
        notice: policy.notice.as_ref().map(|own| own.length),
        recognition,
        refresh,
        row_retention,
        quasi_identifiers,
        shown,
        cleanable: rules.cleanable,
        reacts,
        watched,
        accepted,
        counts_clients: schema
            .tables
            .values()
            .any(|table| table.replaces || table.triggers.iter().any(|trigger| trigger.may_delete)),
        conditions: builder.conditions,
        notes: builder.notes,
    };
    (Some(plan), problems)
}

/// Whether the database may act on what these steps write.
fn reacts(schema: &Schema, steps: &[super::Step]) -> bool {
    let is_referenced = |table: &str, column: &String| {
        let keys = schema.tables.values().flat_map(|other| &other.foreign_keys);
        keys.clone().any(|key| key.references == table && key.referenced.contains(column))
    };
    schema.tables.values().any(|table| table.replaces)
        || steps.iter().any(|step| {
            let rules = step.updates.iter().chain(&step.unlinks).flat_map(|own| &own.rules);
            let mut columns = rules.map(|rule| &rule.column);
            !step.triggers.is_empty() || !step.deletes.is_empty() || columns.any(|own| is_referenced(&step.table, own))
        })
}

impl<'a> Builder<'a> {
    pub(super) fn problem(&mut self, place: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.problems.push(Problem::new(place, what, fix));
    }

    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Where the lists of problems and conditions stand, to come back to.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.problems.len(), self.conditions.len())
    }

    /// Forgets what was recorded since the mark.
    pub(super) fn rewind(&mut self, (problems, conditions): (usize, usize)) {
        self.problems.truncate(problems);
        self.conditions.truncate(conditions);
    }

    pub(super) fn is_client(&self, table: &str) -> bool {
        self.schema.table(table).is_some_and(|live| live.name == self.client_table.name)
    }

    /// What the policy says of a table, whatever its spelling.
    pub(super) fn rule_of(&self, table: &str) -> Option<&'a Table> {
        self.rules.get(self.schema.table(table)?.name.as_str()).copied()
    }

    pub(super) fn changes(&self, table: &str, column: &str) -> bool {
        let Some(live) = self.schema.table(table) else { return false };
        let said = self.rule_of(table).map(|said| &said.columns);
        said.into_iter()
            .flatten()
            .any(|(name, said)| said.acts() && live.column(name).is_some_and(|own| own.name == *column))
    }

    pub(super) fn live(&mut self, table: &str, place: &str) -> Option<&'a LiveTable> {
        find_table(self.schema, table, place).map_err(|problem| self.problems.push(problem)).ok()
    }

    /// The columns in the database's own spelling, or a problem for each that is missing.
    pub(super) fn columns(&mut self, table: &LiveTable, names: &[String], place: &str) -> Option<Vec<String>> {
        let found: Vec<String> = names.iter().filter_map(|name| self.column(table, name, place)).collect();
        (found.len() == names.len()).then_some(found)
    }

    pub(super) fn column(&mut self, table: &LiveTable, name: &str, place: &str) -> Option<String> {
        if let Some(column) = table.column(name) {
            return Some(column.name.clone());
        }
        let fix = match nearest(name, table.columns.iter().map(|column| column.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its columns are {}", list(table.columns.iter().map(|column| column.name.as_str()))),
        };
        self.problem(place, format!("table `{}` has no column `{name}`", table.name), fix);
        None
    }

    /// Parses a condition and checks that the names in it are columns.
    pub(super) fn condition(&mut self, text: &str, table: &LiveTable, place: &str) -> Option<Condition> {
        let condition = match Condition::parse(text, self.schema.dialect.grammar) {
            Ok(condition) => condition,
            Err(what) => {
                self.problem(
                    place,
                    what,
                    "write one SQL expression over the table's columns, such as `status <> 'done'`",
                );
                return None;
            }
        };
        // SQLite reads an unknown name in double quotes as a text, in silence.
        let mut spelt = Vec::new();
        for name in &condition.columns {
            if table.column(name).is_none() && text.contains(&format!("\"{name}\"")) {
                let what =
                    format!("table `{}` has no column `{name}`, and double quotes enclose a column name", table.name);
                self.problem(place, what, format!("put a text in single quotes: `'{name}'`"));
                continue;
            }
            spelt.extend(self.column(table, name, place));
        }
        let good = spelt.len() == condition.columns.len();
        let is_moment = |name: &String| table.column(name).is_some_and(LiveColumn::is_moment);
        let about_moments = spelt.iter().any(is_moment);
        let inside = condition.relations.iter().filter_map(|(space, own)| match space {
            Some(space) => self.schema.table(&format!("{space}.{own}")).or_else(|| self.schema.table(own)),
            None => self.schema.table(own),
        });
        let inside: Vec<&LiveTable> = inside.chain([table]).collect();
        let is_moment_inside =
            |name: &str| inside.iter().any(|own| own.column(name).is_some_and(LiveColumn::is_moment));
        let inner_moments = condition.inner_columns().any(is_moment_inside);
        // What a generated column says changes with those that it is made of.
        let sources: Vec<String> =
            spelt.iter().filter_map(|own| table.column(own)).flat_map(|own| own.made_of.iter().cloned()).collect();
        spelt.extend(sources);
        let condition = condition.spelt(spelt).about_moments(about_moments, inner_moments);
        let placed = PlacedCondition { place: place.to_owned(), table: table.name.clone(), condition };
        self.conditions.push(placed.clone());
        good.then_some(placed.condition)
    }

    fn client(&mut self) -> ClientPlan {
        let said = &self.policy.client;
        let table = self.client_table;
        let key = self.columns(table, said.key.as_slice(), "client.key").unwrap_or_default();
        if !key.is_empty() && !table.is_unique(&key) {
            self.problem(
                "client.key",
                format!("nothing makes `{}` unique in table `{}`", key.join(", "), table.name),
                "name the primary key, or create a unique index on these columns",
            );
        }
        for column in &key {
            if table.column(column).is_some_and(|column| column.kind() == Kind::Bytes) {
                self.problem("client.key", format!("`{column}` holds bytes"), "name a key of text or whole numbers");
            }
        }
        self.key.clone_from(&key);
        let mut optional =
            |name: &Option<String>, place: &str| name.as_ref().and_then(|name| self.column(table, name, place));
        let to_anonymize_on = optional(&said.to_anonymize_on, "client.to_anonymize_on");
        let anonymized = optional(&said.anonymized, "client.anonymized");
        let anonymized_on = optional(&said.anonymized_on, "client.anonymized_on");
        if let Some(column) = &to_anonymize_on {
            self.must_be_a_date(table, column, "client.to_anonymize_on");
        }
        if let Some(column) = &anonymized {
            self.must_be_a_flag(table, column, "client.anonymized");
        }
        if let Some(column) = &anonymized_on {
            self.must_be_a_date(table, column, "client.anonymized_on");
        }
        let due_indexed = to_anonymize_on.as_ref().is_some_and(|column| leads_an_index(table, column));
        if let Some(column) = &to_anonymize_on
            && !due_indexed
        {
            self.notes.push(format!(
                "no index leads with `{}.{column}`: every night reads the whole table; `lethe doctor` gives the statement",
                table.name
            ));
        }
        let is_numbered = key.len() == 1 && table.column(&key[0]).is_some_and(|own| own.primary_key > 0);
        let given_again = table.gives_keys_again.filter(|_| is_numbered).map(|fix| {
            format!(
                "the database may give a number of `{}.{}` again when the row that had it is deleted: {fix}, or delete no \
                 clients; who has the number of a client anonymized before is told apart by {}",
                table.name,
                key[0],
                match &anonymized {
                    Some(flag) => format!("`{flag}`"),
                    None => "the texts and days in the row, so name a column that says so in `client.anonymized`".to_owned(),
                }
            )
        });
        self.notes.extend(given_again.clone());
        let key_types =
            key.iter().map(|own| table.column(own).map_or("", LiveColumn::compares_as).to_owned()).collect();
        let flag = anonymized.as_ref().and_then(|flag| table.column(flag));
        ClientPlan {
            dialect: self.schema.dialect,
            table: table.name.clone(),
            key_nullable: key.iter().filter_map(|own| table.column(own)).any(|column| !column.not_null),
            key,
            key_types,
            to_anonymize_on,
            due_indexed,
            flag_nullable: flag.is_none_or(|column| !column.not_null),
            flag_boolean: flag.is_some_and(|column| column.told == Some(Kind::Boolean)),
            anonymized,
            anonymized_on,
            started_on: None,
            given_again,
            marks: Vec::new(),
        }
    }

    pub(super) fn must_be_a_date(&mut self, table: &LiveTable, column: &str, place: &str) {
        let kind = table.column(column).map_or(Kind::Unknown, LiveColumn::kind);
        if let Some(fix) = self.schema.dialect.date_problem(kind) {
            self.problem(place, format!("`{}.{column}` is not a date column", table.name), fix);
        }
    }

    fn must_be_a_flag(&mut self, table: &LiveTable, column: &str, place: &str) {
        let Some(live) = table.column(column) else { return };
        if matches!(live.kind(), Kind::Text | Kind::Date | Kind::Bytes) {
            self.problem(
                place,
                format!("`{}.{column}` is declared {} and cannot hold true or false", table.name, live.declared),
                "name a column that holds 1 or 0",
            );
        }
    }

    fn accepted(&mut self) -> Vec<AcceptedPlan> {
        let mut accepted = Vec::new();
        for (at, said) in self.policy.accepted.iter().enumerate() {
            let place = format!("accepted[{}]", at + 1);
            let Some(table) = self.live(&said.table, &place) else { continue };
            let column = said.column.as_ref().map(|column| self.column(table, column, &place));
            let condition = said.condition.as_ref().map(|own| self.condition(own, table, &format!("{place}.where")));
            if said.reason.trim().is_empty() {
                self.problem(&place, "`reason` is empty", "write why the finding may stay");
            }
            if let (None | Some(Some(_)), None | Some(Some(_))) = (&column, &condition) {
                let (column, condition) = (column.flatten(), condition.flatten());
                accepted.push(AcceptedPlan {
                    table: table.name.clone(),
                    column,
                    condition,
                    reason: said.reason.clone(),
                });
            }
        }
        accepted
    }

    fn filters(&mut self) -> BTreeMap<String, FilterPlan> {
        let mut filters = BTreeMap::new();
        for (name, filter) in &self.policy.filters {
            if self.column(self.client_table, filter.column(), &format!("filters.{name}")).is_none() {
                continue;
            }
            if let Some(own) = compared(self.client_table, filter.column()) {
                filters.insert(name.clone(), own);
            }
        }
        filters
    }

    fn selections(&mut self) -> Vec<SelectionsPlan> {
        let mut selections = Vec::new();
        for (at, own) in self.policy.selections.iter().enumerate() {
            let place = format!("selections[{}]", at + 1);
            let Some(table) = self.live(&own.table, &format!("{place}.table")) else { continue };
            let paths = if self.is_client(&table.name) && own.client.is_none() {
                vec![Path::own(&table.name, &self.key.clone())]
            } else {
                self.linked_paths(table, own.client.as_ref(), &place)
            };
            let condition = self.optional_condition(own.condition.as_ref(), table, &place);
            if self.column(table, &own.name, &format!("{place}.name")).is_none() || paths.is_empty() {
                continue;
            }
            let Some(name) = compared(table, &own.name) else { continue };
            let first = paths.iter().find(|path| path.hops.len() > 1).and_then(|path| path.hops.first());
            let identity =
                first.map(|hop| &hop.columns).filter(|own| table.is_unique(own)).cloned().unwrap_or_default();
            selections.push(SelectionsPlan { table: table.name.clone(), paths, name, identity, condition });
        }
        selections
    }

    pub(super) fn optional_condition(
        &mut self,
        text: Option<&String>,
        table: &LiveTable,
        place: &str,
    ) -> Option<Condition> {
        text.and_then(|text| self.condition(text, table, &format!("{place}.where")))
    }

    /// The ways of a guard or an activity: its own `client`, else that of `[tables.…]`.
    pub(super) fn linked_paths(&mut self, table: &LiveTable, links: Option<&Links>, place: &str) -> Vec<Path> {
        match links {
            Some(links) => self.paths(table, links, &format!("{place}.client")),
            None => self.table_paths(table, place),
        }
    }
}

/// What the policy says of each table, by the name that the database gives it.
fn rules_of<'a>(policy: &'a Policy, schema: &'a Schema) -> BTreeMap<&'a str, &'a Table> {
    let named = policy.tables.iter().rev();
    named.filter_map(|(name, said)| Some((schema.table(name)?.name.as_str(), said))).collect()
}

fn find_table<'a>(schema: &'a Schema, name: &str, place: &str) -> Result<&'a LiveTable, Problem> {
    if let Some(table) = schema.table(name) {
        return Ok(table);
    }
    let other = schema.others.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    Err(match other {
        Some((_, kind)) => Problem::new(
            place,
            format!("`{name}` is a {kind}, and only tables hold client data"),
            match kind.as_str() {
                "view" => "name the table behind it; a view shows what its tables hold",
                _ => "name the table that it is filled from; triggers can keep it up to date",
            },
        ),
        None => Problem::new(
            place,
            format!("the database has no table `{name}`"),
            match nearest(name, schema.tables.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if schema.tables.is_empty() => {
                    "it has no tables at all: name another file in `database`".to_owned()
                }
                None => format!("its tables are {}", list(schema.tables.keys().map(String::as_str))),
            },
        ),
    })
}

fn compared(table: &LiveTable, column: &str) -> Option<FilterPlan> {
    let live = table.column(column)?;
    let (kind, declared) = (live.kind(), live.base.as_ref().unwrap_or(&live.declared).clone());
    Some(FilterPlan { column: live.name.clone(), kind, declared })
}

pub(super) fn leads_an_index(table: &LiveTable, column: &str) -> bool {
    table.indexes.iter().any(|index| index.columns.first().is_some_and(|first| first.as_deref() == Some(column)))
}

pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 12;
    let all: Vec<&str> = names.collect();
    let shown = all.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if all.len() > MOST { format!("{shown} and {} more", all.len() - MOST) } else { shown }
}

/// SHA-256 over the policy and the facts of every table it names, in hex.
fn digest(policy: &Policy, schema: &Schema) -> String {
    let said = rules_of(policy, schema);
    let named: BTreeMap<_, _> = schema
        .tables
        .iter()
        .filter(|(name, _)| said.contains_key(name.as_str()))
        // An index changes how fast a plan is, not what it does; a unique one is a constraint.
        .map(|(name, table)| (name, (&table.columns, &table.unique, &table.foreign_keys, &table.checks, table.strict)))
        .collect();
    let text = serde_json::to_vec(&(policy, named)).expect("plain data");
    hex(&Sha256::digest(&text))
}
