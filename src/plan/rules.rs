//! What happens to each table, in the order in which it has to happen.

use std::collections::{BTreeMap, BTreeSet};

use super::builder::Builder;
use super::files;
use super::order::{in_order, parents, referring_to_rows_that_go, travelled_columns};
use super::settle::{self, Groups, Turn};
use super::{
    Branch, Cleanable, ClientPlan, Condition, FIRST_DAY, Hop, NamedFile, Path, Rule, Searched, SearchedColumn,
    SearchedGroup, Source, Step, Update, placeholder,
};
use crate::domain::schema::{Kind, LiveColumn, LiveTable, NULL};
use crate::policy::{Action, Column, Literal, OnResidue, Part, Rows, Table, Template};

/// The client's own row, as a link.
const OWN: &str = "self";

#[derive(Default)]
pub(super) struct Rules {
    pub(super) steps: Vec<Step>,
    pub(super) identifying: Vec<Source>,
    pub(super) searched: Vec<Searched>,
    pub(super) files: Vec<NamedFile>,
    pub(super) cleanable: Vec<Cleanable>,
}

pub(super) fn build(builder: &mut Builder, client: &ClientPlan) -> Rules {
    let mut rules = Rules::default();
    let parents = parents(builder);
    let travelled = travelled_columns(builder);
    for table in in_order(builder) {
        let Some(rule) = builder.rule_of(&table.name) else { continue };
        let place = format!("tables.{}", table.name);
        let paths = builder.table_paths(table, &place);
        let drafting = TableRules { table, rule, place, paths, client, travelled: &travelled };
        let fixed = drafting.build(builder, &mut rules, parents.contains(&table.name));
        drafting.search(&mut rules, &fixed);
    }
    files::check_roots(builder, &rules.files);
    rules
}

/// One table and what the policy says of it, on the way to its step.
pub(super) struct TableRules<'a, 'p> {
    pub(super) table: &'a LiveTable,
    pub(super) rule: &'a Table,
    pub(super) place: String,
    pub(super) paths: Vec<Path>,
    pub(super) client: &'p ClientPlan,
    /// The columns that ways to clients run over, as (table, column).
    travelled: &'p BTreeSet<(String, String)>,
}

impl TableRules<'_, '_> {
    /// Adds the table's step and its identifying columns; returns the columns
    /// whose content is known without looking, with the links it is known for: none for all.
    fn build(&self, builder: &mut Builder, rules: &mut Rules, is_parent: bool) -> BTreeMap<String, Vec<String>> {
        let mut groups = Groups::new();
        let mut fixed = BTreeMap::new();
        let mut identifying: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
        let all_rows_go = matches!(self.rule.rows, Some(Rows::All(_)));
        for (name, said) in &self.rule.columns {
            let place = format!("{}.columns.{name}", self.place);
            let Some(column) = self.table.column(name) else { continue };
            let links = self.links(said);
            said.links().into_iter().for_each(|link| self.known_link(builder, link, &place));
            self.residue(builder, column, said, &place);
            if said.identifying {
                identifying.entry(links.clone()).or_default().push(column.name.clone());
            }
            self.named_file(builder, rules, column, said, None, &place);
            if said.cleanable && !said.acts() {
                rules.cleanable.extend(self.cleanable(builder, column, &links, &place));
            }
            if all_rows_go && !said.acts() {
                continue;
            }
            let Some(branches) = self.branches(builder, said, &links, &place) else { continue };
            if branches.is_empty() {
                if said.identifying {
                    stays(builder, &place);
                }
                continue;
            }
            if all_rows_go {
                builder.problem(
                    &place,
                    "the rows are deleted, so nothing can happen to this column",
                    "remove the action, or `rows = \"delete\"`",
                );
            }
            let rule = self.rule(builder, column, branches, &links, &place);
            if rule.is_known() {
                fixed.insert(column.name.clone(), links.clone());
            }
            groups.entry((self.turn(column), links)).or_default().push(rule);
        }
        self.entries(builder, rules, &mut groups);
        self.mark_client(&mut groups);
        let referring = referring_to_rows_that_go(builder, self.table);
        settle::release(&mut groups, &referring, self.table);
        settle::check(builder, self.table, &self.place, &groups, |links| self.by_links(links));
        for (links, columns) in identifying {
            let paths = self.by_links(&links);
            rules.identifying.push(Source { table: self.table.name.clone(), paths, columns, condition: None });
        }
        let deletes = self.deletes(builder, &groups);
        let fires = self.table.triggers.iter().filter(|trigger| trigger.on_change);
        let mut step = Step {
            table: self.table.name.clone(),
            paths: self.paths.clone(),
            delete_last: is_parent,
            deletes,
            updates: Vec::new(),
            unlinks: Vec::new(),
            keys: self.known_keys(builder),
            deferred: fires.clone().any(|trigger| trigger.deferred),
            triggers: fires.map(|trigger| trigger.name.clone()).collect(),
        };
        if step.deletes.is_empty() && groups.is_empty() {
            step.triggers.clear();
            step.deferred = false;
        }
        for ((turn, links), rules) in groups {
            let update = Update { paths: self.by_links(&links), rules, first: turn == Turn::First };
            if turn == Turn::Last { step.unlinks.push(update) } else { step.updates.push(update) }
        }
        rules.steps.push(step);
        fixed
    }

    /// Whether ways to clients run over a column.
    fn travels(&self, column: &LiveColumn) -> bool {
        self.travelled.contains(&(self.table.name.clone(), column.name.clone()))
    }

    pub(super) fn turn(&self, column: &LiveColumn) -> Turn {
        if self.travels(column) { Turn::Last } else { Turn::Then }
    }

    /// A column that is kept and can be emptied; `None` if it cannot.
    fn cleanable(
        &self,
        builder: &mut Builder,
        column: &LiveColumn,
        links: &[String],
        place: &str,
    ) -> Option<Cleanable> {
        let why = match self.rule.rows {
            Some(Rows::All(_)) => "the rows are deleted, so nothing is left to clean",
            _ if self.travels(column) => {
                "other rows are reached through this column, so it cannot be cleaned by itself"
            }
            _ => {
                let rule = self.rule(builder, column, vec![self.branch(Action::Clear, None)], links, place);
                return Some(Cleanable { table: self.table.name.clone(), paths: self.by_links(links), rule });
            }
        };
        builder.problem(place, why, "remove `cleanable`");
        None
    }

    /// The links that a column's actions are for; none if one of them is for all.
    pub(super) fn links(&self, said: &Column) -> Vec<String> {
        let links = said.links();
        let rest = self.rest(&links);
        let links: Option<BTreeSet<String>> = links.into_iter().map(|link| link.or(rest.as_ref()).cloned()).collect();
        links.unwrap_or_default().into_iter().collect()
    }

    /// What an action without `for` means beside others that have one: on the client table, the client's own row.
    fn rest(&self, links: &[Option<&String>]) -> Option<String> {
        let is_own = self.table.name == self.client.table && links.iter().any(Option::is_some);
        is_own.then(|| OWN.to_owned())
    }

    /// The ways that a rule for these links applies to. On the client table a
    /// rule without `for` means the client's own row.
    pub(super) fn by_links(&self, links: &[String]) -> Vec<Path> {
        let is_client = self.table.name == self.client.table;
        let is_meant = |path: &&Path| match links {
            [] => !is_client || path.name == OWN,
            links => links.contains(&path.name),
        };
        self.paths.iter().filter(is_meant).cloned().collect()
    }

    /// The actions of a column, each with the rows it is for.
    pub(super) fn branches(
        &self,
        builder: &mut Builder,
        said: &Column,
        links: &[String],
        place: &str,
    ) -> Option<Vec<Branch>> {
        let rest = self.rest(&said.links());
        let mut branches: Vec<Branch> = Vec::new();
        for own in said.branches().map_err(|error| builder.problem(place, error.what, error.fix)).ok()? {
            let link = own.link.or_else(|| rest.clone());
            let condition = own.condition.map(|text| {
                let parsed = builder.condition(&text, self.table, &format!("{place}.where"));
                parsed.unwrap_or_else(|| Condition::unparsed(text, Vec::new()))
            });
            let paths = self.by_links(link.as_slice());
            let key = match paths.as_slice() {
                [path] => path.key_columns().map(<[String]>::to_vec).unwrap_or_default(),
                _ => Vec::new(),
            };
            let is_one_of_several = link.is_some() && links.len() != 1;
            let paths = if is_one_of_several { paths } else { Vec::new() };
            branches.push(Branch { paths, condition, action: own.action, key });
        }
        for (at, own) in branches.iter().enumerate() {
            if branches[at..].iter().any(|later| later.paths != own.paths)
                && let Some(table) = Self::cut_in(builder, &own.paths)
            {
                builder.problem(
                    place,
                    format!("once `{table}` has changed, entry {} of `actions` no longer reaches its rows through it, and a later entry would apply", at + 1),
                    "move the entry to the end, or tell the rows apart with `where`",
                );
            }
        }
        Some(branches)
    }

    /// A table on the way of which rows are deleted, or columns changed that are the way.
    fn cut_in(builder: &Builder, paths: &[Path]) -> Option<String> {
        let is_cut = |hop: &&Hop| {
            builder.rule_of(&hop.table).is_some_and(|rule| {
                let is_way = |name: &String| hop.columns.iter().any(|own| own.eq_ignore_ascii_case(name));
                rule.rows.is_some() || rule.columns.iter().any(|(name, said)| said.acts() && is_way(name))
            })
        };
        let hop = paths.iter().flat_map(|path| &path.hops[1..]).find(is_cut)?;
        Some(hop.table.clone())
    }

    fn branch(&self, action: Action, condition: Option<Condition>) -> Branch {
        Branch { paths: Vec::new(), condition, action, key: self.client.key.clone() }
    }

    pub(super) fn known_link(&self, builder: &mut Builder, link: Option<&String>, place: &str) {
        let Some(link) = link.filter(|_| !self.paths.is_empty()) else { return };
        if !self.paths.iter().any(|path| &path.name == link) {
            let links = super::builder::list(self.paths.iter().map(|path| path.name.as_str()));
            builder.problem(place, format!("link `{link}` not found"), format!("the links of this table are {links}"));
        }
    }

    fn is_key(&self, column: &LiveColumn) -> bool {
        self.table.name == self.client.table && self.client.key.contains(&column.name)
    }

    fn residue(&self, builder: &mut Builder, column: &LiveColumn, said: &Column, place: &str) {
        // What is `for` one link is another client's in rows reached by the others.
        if said.residue == OnResidue::Keep && said.keep.is_none() && self.links(said).is_empty() {
            builder.problem(
                place,
                "former values may stay here, and the policy gives no reason",
                "give it `class = \"personal\", keep = \"<why>\"`, or remove `residue`",
            );
        }
        if said.residue != OnResidue::Blank {
            return;
        }
        if self.is_key(column) {
            builder.problem(place, "this is the client's key, which cannot be blanked", "remove `residue`");
        }
        if column.generated {
            builder.problem(place, "the database computes this column, so it cannot be blanked", "remove `residue`");
        }
    }

    pub(super) fn rule(
        &self,
        builder: &mut Builder,
        column: &LiveColumn,
        mut branches: Vec<Branch>,
        links: &[String],
        place: &str,
    ) -> Rule {
        if column.generated {
            builder.problem(
                place,
                "the database computes this column, so it cannot be changed",
                "change the columns it is computed from",
            );
        }
        let is_key = self.is_key(column);
        if is_key {
            builder.problem(
                place,
                "this is the client's key, which must be kept",
                "give it `class = \"non-personal\"`, or `keep = \"<why>\"`",
            );
        }
        for branch in &mut branches {
            if let Action::Copy(other) = &mut branch.action
                && let Some(spelt) = builder.column(self.table, other, &format!("{place}.copy"))
            {
                *other = spelt;
            }
        }
        let rule = Rule {
            column: column.name.clone(),
            branches,
            declared: column.declared.clone(),
            empty: column.empty(),
            row: row_key(self.table, column),
        };
        if !is_key {
            placeholder::check(builder, self.table, column, &rule, &self.by_links(links), place);
        }
        rule
    }

    /// Lethe's own marks on the client's row; the first day stays.
    fn mark_client(&self, groups: &mut Groups) {
        if self.table.name != self.client.table {
            return;
        }
        let own = groups.entry((Turn::Then, Vec::new())).or_default();
        if let Some(column) = &self.client.anonymized {
            own.retain(|rule| &rule.column != column);
            own.push(self.mark(column, Action::Constant(Literal::Boolean(true)), None));
        }
        if let Some(column) = &self.client.anonymized_on {
            own.retain(|rule| &rule.column != column);
            let name = format!("\"{}\"", column.replace('"', "\"\""));
            let blank = if self.client.dialect.days_are_texts { format!("{name} = '' OR ") } else { String::new() };
            let unset = format!("{name} IS NULL OR {blank}{name} < '{FIRST_DAY}'");
            let unset = Some(Condition::unparsed(unset, vec![column.clone()]));
            let today = Action::Text(Template(vec![Part::Today]));
            own.push(self.mark(column, today, unset));
        }
        if own.is_empty() {
            groups.remove(&(Turn::Then, Vec::new()));
        }
    }

    fn mark(&self, column: &str, action: Action, condition: Option<Condition>) -> Rule {
        Rule {
            column: column.to_owned(),
            branches: vec![self.branch(action, condition)],
            declared: self.table.column(column).map(|column| column.declared.clone()).unwrap_or_default(),
            empty: NULL,
            row: Vec::new(),
        }
    }

    /// The text columns in which a former value could still stand: those whose
    /// content is not known without looking, and for each way those that are
    /// only replaced in rows reached by another one.
    fn search(&self, rules: &mut Rules, fixed: &BTreeMap<String, Vec<String>>) {
        let all_rows_go = matches!(self.rule.rows, Some(Rows::All(_)));
        let waiting = rules
            .steps
            .last()
            .filter(|step| step.delete_last || step.deletes.iter().any(|own| own.remembered.is_some()));
        let deleted_where = waiting.map(|step| step.deletes.clone()).unwrap_or_default();
        let searched = |path: &Path, groups, unless_same, shared| Searched {
            table: self.table.name.clone(),
            identity: self.table.identity.clone(),
            path: path.clone(),
            groups,
            unless_same,
            deleted_where: deleted_where.clone(),
            shared,
        };
        let paths = self.by_own_links();
        for path in paths.iter().filter(|path| path.exclusive) {
            let columns: Vec<SearchedColumn> = self.searched_columns().filter(SearchedColumn::is_blanked).collect();
            if !columns.is_empty() {
                let group = SearchedGroup { unless: Vec::new(), columns };
                rules.searched.push(searched(path, vec![group], None, true));
            }
        }
        if all_rows_go {
            return;
        }
        for (at, path) in paths.iter().enumerate() {
            let plain =
                |path: &&Path| path.key_columns().is_some() && !path.exclusive && path.hops[0].condition.is_none();
            let earlier = paths[..at].iter().find(plain).filter(|_| path.key_columns().is_some());
            let unless_same = earlier.and_then(Path::key_columns).map(<[String]>::to_vec);
            let mut groups: BTreeMap<&[String], Vec<SearchedColumn>> = BTreeMap::new();
            for column in self.searched_columns() {
                let unless = match fixed.get(&column.name) {
                    None => &[],
                    Some(links) if links.is_empty() || links.contains(&path.name) => continue,
                    Some(links) => links.as_slice(),
                };
                groups.entry(unless).or_default().push(column);
            }
            let groups: Vec<SearchedGroup> = groups
                .into_iter()
                .map(|(links, columns)| {
                    let unless = if links.is_empty() { Vec::new() } else { self.by_links(links) };
                    SearchedGroup { unless, columns }
                })
                .collect();
            if !groups.is_empty() {
                rules.searched.push(searched(path, groups, unless_same, false));
            }
        }
    }

    /// The columns that may hold a former value, and what to do where one does.
    fn searched_columns(&self) -> impl Iterator<Item = SearchedColumn> {
        let columns = self.table.columns.iter().filter(|column| self.may_hold_residue(column));
        columns.filter_map(|column| {
            let said = self.rule.columns.iter().find(|(name, _)| self.table.is_called(column, name));
            let on_residue = said.map_or(OnResidue::Fail, |(_, said)| said.residue);
            let declared = column.base.as_deref().unwrap_or(&column.declared);
            let is_index = matches!(declared, "tsvector" | "tsvector[]" | "tsquery");
            let searched = SearchedColumn { name: column.name.clone(), is_index, empty: column.empty(), on_residue };
            (on_residue != OnResidue::Keep).then_some(searched)
        })
    }

    /// Text that is not merely the way to the client; the client's own key counts.
    fn may_hold_residue(&self, column: &LiveColumn) -> bool {
        matches!(column.kind(), Kind::Text | Kind::Unknown) && (self.is_key(column) || !self.travels(column))
    }

    /// All ways, save that on the client table only the client's own row counts as its row.
    fn by_own_links(&self) -> Vec<Path> {
        if self.table.name == self.client.table { self.by_links(&[]) } else { self.paths.clone() }
    }
}

/// The texts that the rules leave in every client's own row.
pub(super) fn marks(client: &ClientPlan, steps: &[Step]) -> Vec<(String, Template)> {
    let updates = steps.iter().filter(|step| step.table == client.table).flat_map(|step| &step.updates);
    let rules =
        updates.filter(|update| update.paths.iter().any(|path| path.name == "self")).flat_map(|update| &update.rules);
    let mark = |rule: &Rule| {
        let template = match rule.always()? {
            // The row's own key is told apart from the client's only where it is another one.
            Action::Text(template) if template.has(&Part::Row) && rule.row != client.key => return None,
            Action::Text(template) => template.clone(),
            Action::Constant(Literal::Text(plain)) => Template(vec![Part::Text(plain.clone())]),
            _ => return None,
        };
        let is_mark = !template.has(&Part::Today) && template.constant().is_none_or(|plain| !plain.is_empty());
        let declared = rule.declared.to_ascii_lowercase();
        let is_text = declared.contains("char") || declared.contains("text");
        (is_mark && is_text).then(|| (rule.column.clone(), template))
    };
    rules.filter_map(mark).collect()
}

/// The columns that tell a row of a table from any other, without this one; none if there are no such.
fn row_key(table: &LiveTable, column: &LiveColumn) -> Vec<String> {
    let whole = table.unique.iter().filter(|unique| !unique.partial);
    let keys = whole.filter_map(|unique| unique.columns.iter().cloned().collect::<Option<Vec<String>>>());
    let fits = |key: &Vec<String>| {
        key.iter().all(|name| {
            table.column(name).is_some_and(|own| (own.not_null || own.primary_key > 0) && own.name != column.name)
        })
    };
    let of_primary =
        |key: &Vec<String>| key.iter().all(|name| table.column(name).is_some_and(|own| own.primary_key > 0));
    let fitting: Vec<Vec<String>> = keys.filter(fits).collect();
    fitting.iter().find(|key| of_primary(key)).or(fitting.first()).cloned().unwrap_or_default()
}

pub(super) fn stays(builder: &mut Builder, place: &str) {
    builder.problem(
        place,
        "identifying data that is kept: the search would find it here, and no client could be anonymized",
        "give it an action, or remove `identifying`",
    );
}
