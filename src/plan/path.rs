//! The ways from a row to its client, resolved against the live schema.

use super::Condition;
use super::builder::Builder;
use super::gate::COMMON;
use crate::domain::schema::{Kind, LiveTable};
use crate::policy::{Link, Links};

/// One way from a row to its client: hop by hop, from the row's table outward.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Path {
    /// What rules call the link it starts with.
    pub name: String,
    /// The hops; the last one touches the client table.
    pub hops: Vec<Hop>,
    /// For an exclusive way, all ways of its table: a row stays while another
    /// client, not yet anonymized, has it by any of them. Empty for others.
    pub rivals: Vec<Path>,
    /// Whether a row stays while another client has it too.
    pub exclusive: bool,
    /// For an exclusive way, the links that count, by [`origin`](Self::origin); empty for all.
    counting: Vec<String>,
    /// The name of the link that decides whose the row is.
    origin: String,
    /// Whether this is no link of the policy, but a column elsewhere that refers to the row.
    implied: bool,
    /// Whether the last hop holds the client's key itself, in the key's order.
    pub by_key: bool,
}

/// One step of a way: `columns` of `table` equal `matches` of the next hop's
/// table, or of the client table after the last hop.
#[derive(Debug, Clone, PartialEq)]
pub struct Hop {
    pub table: String,
    pub columns: Vec<String>,
    /// The columns they equal, one hop further.
    pub matches: Vec<String>,
    /// How each pair is compared.
    pub compared: Vec<Compared>,
    /// Only rows for which this holds.
    pub condition: Option<Condition>,
}

/// How two columns are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    Plainly,
    /// By a collation that has to be named, because the two have different ones;
    /// it is that of the column referred to, as in a foreign key.
    By(String),
    /// Both as texts, because their types cannot be compared.
    AsTexts,
    /// As e-mail addresses, whatever their case and the spaces around them.
    AsEmails,
    /// The value referred to with these texts before and behind it.
    Within(String, String),
}

impl Path {
    /// The client's own row.
    pub(super) fn own(table: &str, key: &[String]) -> Self {
        Self {
            name: "self".to_owned(),
            hops: vec![Hop {
                table: table.to_owned(),
                columns: key.to_vec(),
                matches: key.to_vec(),
                compared: vec![Compared::Plainly; key.len()],
                condition: None,
            }],
            origin: "self".to_owned(),
            by_key: true,
            ..Self::default()
        }
    }

    /// The row's own columns that hold the client's key, if the way is that short.
    pub fn key_columns(&self) -> Option<&[String]> {
        (self.hops.len() == 1 && self.by_key).then(|| self.hops[0].columns.as_slice())
    }
}

impl Builder<'_> {
    /// Resolves every way that `links` describes for rows of `table`.
    pub(super) fn paths(&mut self, table: &LiveTable, links: &Links, place: &str) -> Vec<Path> {
        let paths = self.paths_from(table, links, None, place, &mut Vec::new());
        self.shared(paths, place)
    }

    /// Resolves the ways that `[tables.<name>]` describes.
    pub(super) fn table_paths(&mut self, table: &LiveTable, place: &str) -> Vec<Path> {
        let paths = self.table_paths_from(table, None, place, &mut Vec::new());
        self.shared(paths, place)
    }

    /// The ways of `table`, or those by the link called `wanted`; `seen` are the links that led here.
    fn table_paths_from(
        &mut self,
        table: &LiveTable,
        wanted: Option<&str>,
        place: &str,
        seen: &mut Vec<(String, String)>,
    ) -> Vec<Path> {
        let links = self.rule_of(&table.name).and_then(|rule| rule.client.clone());
        let is_client = self.is_client(&table.name);
        let mut paths = Vec::new();
        if is_client {
            paths.push(Path::own(&table.name, &self.key));
        }
        match links {
            Some(links) => {
                let place = format!("{place}.client");
                paths.extend(self.paths_from(table, &links, wanted, &place, seen));
                if paths.iter().any(|path| path.exclusive && path.name == path.origin) {
                    let implied = self.referring(table, &paths, seen);
                    paths.extend(implied);
                }
            }
            None if is_client => {}
            None => {
                let free = ", or `free = \"<why it holds no client data>\"`";
                let free = if place.starts_with("tables.") { free } else { "" };
                self.problem(
                    place,
                    format!("nothing says how a row of `{}` belongs to its client", table.name),
                    format!("add `client = \"<the column with the client's key>\"`{free}"),
                );
            }
        }
        paths
    }

    fn paths_from(
        &mut self,
        table: &LiveTable,
        links: &Links,
        wanted: Option<&str>,
        place: &str,
        seen: &mut Vec<(String, String)>,
    ) -> Vec<Path> {
        let mut paths = Vec::new();
        for link in links.0.iter().filter(|link| wanted.is_none_or(|name| link.name() == name)) {
            let step = (table.name.clone(), link.name());
            if seen.contains(&step) {
                let round: Vec<&str> = seen.iter().map(|(table, _)| table.as_str()).collect();
                self.problem(
                    place,
                    format!(
                        "the way to the client goes round in a circle: `{}` -> `{}`",
                        round.join("` -> `"),
                        table.name
                    ),
                    "name the column that leads out of the circle, or declare the table free",
                );
                continue;
            }
            let Some(columns) = self.columns(table, link.column.as_slice(), place) else { continue };
            let condition =
                link.condition.as_ref().and_then(|text| self.condition(text, table, &format!("{place}.where")));
            let through_clients = link.through.as_ref().is_none_or(|through| self.is_client(through));
            if link.link.is_some() && through_clients {
                self.problem(
                    place,
                    "`for` without a table in `through` whose link it could name",
                    "remove `for`, or name the table between in `through`",
                );
            }
            match &link.through {
                Some(through) if !self.is_client(through) => {
                    seen.push(step);
                    paths.extend(self.paths_through(table, link, columns, condition, through, place, seen));
                    seen.pop();
                }
                _ => paths.extend(self.path_to_client(table, link, columns, condition, place)),
            }
        }
        paths
    }

    fn path_to_client(
        &mut self,
        table: &LiveTable,
        link: &Link,
        columns: Vec<String>,
        condition: Option<Condition>,
        place: &str,
    ) -> Option<Path> {
        let client = self.client_table;
        let matches = match &link.equals {
            Some(equals) => self.columns(client, equals.as_slice(), place)?,
            None => declared(table, &columns, client).unwrap_or_else(|| self.key.clone()),
        };
        self.same_width(&columns, &matches, place)?;
        let compared = self.compared(table, &columns, client, &matches, link, place)?;
        // The row holds the key itself, and not a text around it.
        let by_key = matches == self.key && link.compare.is_none() && link.text.is_none();
        let hop = Hop { table: table.name.clone(), columns, matches, compared, condition };
        Some(Path {
            name: link.name(),
            hops: vec![hop],
            exclusive: !link.exclusive.is_no(),
            counting: link.exclusive.links().to_vec(),
            origin: link.name(),
            by_key,
            ..Path::default()
        })
    }

    #[allow(clippy::too_many_arguments)]
    fn paths_through(
        &mut self,
        table: &LiveTable,
        link: &Link,
        columns: Vec<String>,
        condition: Option<Condition>,
        through: &str,
        place: &str,
        seen: &mut Vec<(String, String)>,
    ) -> Vec<Path> {
        let Some(parent) = self.live(through, place) else { return Vec::new() };
        if self.rule_of(&parent.name).is_none_or(|rule| rule.free.is_some()) {
            self.problem(
                place,
                format!("goes through `{}`, which does not say how its rows belong to a client", parent.name),
                format!("give `[tables.{}]` a `client = …`", super::problem::in_toml(&parent.name)),
            );
            return Vec::new();
        }
        let matches = match &link.equals {
            Some(equals) => self.columns(parent, equals.as_slice(), place),
            None => declared(table, &columns, parent).or_else(|| self.columns(parent, &columns, place)),
        };
        let Some(matches) = matches else { return Vec::new() };
        if self.same_width(&columns, &matches, place).is_none() {
            return Vec::new();
        }
        let Some(compared) = self.compared(table, &columns, parent, &matches, link, place) else { return Vec::new() };
        let wanted = link.link.as_deref();
        let onward = self.table_paths_from(parent, wanted, &format!("tables.{}", parent.name), seen);
        let onward: Vec<Path> =
            onward.into_iter().filter(|path| path.implied || wanted.is_none_or(|name| name == path.name)).collect();
        if onward.iter().all(|path| path.implied) && wanted.is_some() {
            self.problem(
                place,
                format!("`{}` has no link called `{}`", parent.name, wanted.unwrap_or_default()),
                "a link is called by its column, or by the `name` it is given",
            );
        }
        onward
            .into_iter()
            .map(|path| {
                let hop = Hop {
                    table: table.name.clone(),
                    columns: columns.clone(),
                    matches: matches.clone(),
                    compared: compared.clone(),
                    condition: condition.clone(),
                };
                let own = !link.exclusive.is_no();
                Path {
                    name: link.name(),
                    hops: std::iter::once(hop).chain(path.hops).collect(),
                    exclusive: own || path.exclusive,
                    counting: if own { link.exclusive.links().to_vec() } else { path.counting },
                    origin: if own || !path.exclusive { link.name() } else { path.origin },
                    ..path
                }
            })
            .collect()
    }

    /// Ways by which clients have rows of `table` that no link of the policy names: columns elsewhere that refer to them.
    fn referring(&mut self, table: &LiveTable, linked: &[Path], seen: &mut Vec<(String, String)>) -> Vec<Path> {
        let (schema, client) = (self.schema, self.client_table);
        let mut found = Vec::new();
        for other in schema.tables.values() {
            let is_mapped = self.rule_of(&other.name).is_some_and(|rule| rule.free.is_none());
            if !is_mapped || other.name == table.name || seen.iter().any(|(seen, _)| *seen == other.name) {
                continue;
            }
            for (columns, referenced) in references(other, table, linked) {
                let is_linked = linked.iter().any(|path| {
                    let onto = path.hops.get(1).map_or(&client.name, |hop| &hop.table);
                    path.hops[0].columns == referenced && path.hops[0].matches == columns && *onto == other.name
                });
                if is_linked {
                    continue;
                }
                let mark = self.mark();
                let onward = if other.name == client.name {
                    vec![(Vec::new(), columns == self.key)]
                } else {
                    // Rows that belong to clients by way of `table` itself say nothing about whose it is.
                    let paths = self.table_paths_from(other, None, "", seen);
                    let own = paths.into_iter().filter(|path| path.hops.iter().all(|hop| hop.table != table.name));
                    own.map(|path| (path.hops, path.by_key)).collect()
                };
                self.rewind(mark);
                let compared = self.compared_by_type(table, &referenced, other, &columns);
                found.extend(onward.into_iter().map(|(hops, by_key)| {
                    let hop = Hop {
                        table: table.name.clone(),
                        columns: referenced.clone(),
                        matches: columns.clone(),
                        compared: compared.clone(),
                        condition: None,
                    };
                    Path { hops: std::iter::once(hop).chain(hops).collect(), implied: true, by_key, ..Path::default() }
                }));
            }
        }
        found
    }

    /// Gives exclusive ways those by which another client could have the same row. A client's own row is its own alone.
    fn shared(&mut self, paths: Vec<Path>, place: &str) -> Vec<Path> {
        let (rivals, mut paths): (Vec<Path>, Vec<Path>) = paths.into_iter().partition(|path| path.implied);
        let rivals: Vec<Path> = paths.iter().filter(|path| path.name != "self").cloned().chain(rivals).collect();
        for path in paths.iter_mut().filter(|path| path.exclusive) {
            if let Some(unknown) = path.counting.iter().find(|name| rivals.iter().all(|own| own.origin != **name)) {
                self.problem(
                    place,
                    format!("`exclusive` names `{unknown}`, which is no link of this table"),
                    "a link is called by its column, or by the `name` it is given",
                );
            }
            let counts = |own: &&Path| path.counting.is_empty() || path.counting.contains(&own.origin);
            path.rivals = rivals.iter().filter(counts).cloned().collect();
        }
        paths
    }

    /// How `columns` are compared with `matches`.
    fn compared(
        &mut self,
        table: &LiveTable,
        columns: &[String],
        target: &LiveTable,
        matches: &[String],
        link: &Link,
        place: &str,
    ) -> Option<Vec<Compared>> {
        if link.compare.is_some() || link.text.is_some() {
            return self.compared_as_said(table, columns, link, place).map(|said| vec![said]);
        }
        Some(self.compared_by_type(table, columns, target, matches))
    }

    /// How they are compared where nothing is said.
    fn compared_by_type(
        &mut self,
        table: &LiveTable,
        columns: &[String],
        target: &LiveTable,
        matches: &[String],
    ) -> Vec<Compared> {
        let pairs = columns.iter().zip(matches);
        let pairs: Vec<_> = pairs.map(|(own, other)| (own, table.column(own), other, target.column(other))).collect();
        let mut all = Vec::new();
        for (own, mine, other, theirs) in pairs {
            let (Some(mine), Some(theirs)) = (mine, theirs) else { continue };
            all.push(if mine.collation != theirs.collation {
                self.note(format!(
                    "`{}.{own}` and `{}.{other}` compare differently; the latter decides, and no index on the former helps",
                    table.name, target.name
                ));
                Compared::By(theirs.collation.clone().unwrap_or_else(|| "BINARY".to_owned()))
            } else if mine.told.is_some() && (mine.kind() == Kind::Text) != (theirs.kind() == Kind::Text) {
                Compared::AsTexts
            } else {
                Compared::Plainly
            });
        }
        all
    }

    /// How the link itself says that its one column is compared.
    fn compared_as_said(
        &mut self,
        table: &LiveTable,
        columns: &[String],
        link: &Link,
        place: &str,
    ) -> Option<Compared> {
        let text = |name: &String| {
            table.column(name).is_some_and(|column| matches!(column.kind(), Kind::Text | Kind::Unknown))
        };
        let [column] = columns else {
            self.problem(place, "`compare` and `text` are for one column", "name one column");
            return None;
        };
        if !text(column) {
            let what = format!("`{}.{column}` holds no text", table.name);
            self.problem(place, what, "remove `compare` and `text`, or name a text column");
            return None;
        }
        let Some(said) = &link.text else { return Some(Compared::AsEmails) };
        let parts = said.split_once("{key}").filter(|(_, after)| !after.contains("{key}"));
        let Some((before, after)) = parts.filter(|_| link.compare.is_none()) else {
            let what = format!("`text = \"{said}\"` needs `{{key}}` once, and no `compare` beside it");
            self.problem(place, what, "write what the column holds, such as `party.party,{key}`");
            return None;
        };
        Some(Compared::Within(before.to_owned(), after.to_owned()))
    }

    fn same_width(&mut self, columns: &[String], matches: &[String], place: &str) -> Option<()> {
        if columns.len() == matches.len() {
            return Some(());
        }
        self.problem(
            place,
            format!(
                "`{}` cannot equal `{}`: {} and {} columns",
                columns.join("`, `"),
                matches.join("`, `"),
                columns.len(),
                matches.len()
            ),
            "name as many columns as the other side has, in the same order",
        );
        None
    }
}

/// The columns of `other` that refer to rows of `table`, and those they refer to: by a declared foreign key, or by the
/// name of the unique column of an exclusive link.
fn references(other: &LiveTable, table: &LiveTable, linked: &[Path]) -> Vec<(Vec<String>, Vec<String>)> {
    let declared = other.foreign_keys.iter().filter(|key| key.references == table.name);
    let mut found: Vec<_> = declared.map(|key| (key.columns.clone(), key.referenced.clone())).collect();
    for path in linked.iter().filter(|path| path.exclusive) {
        let [own] = path.hops[0].columns.as_slice() else { continue };
        let telling = !COMMON.contains(&own.to_ascii_lowercase().as_str()) && table.is_unique(&path.hops[0].columns);
        let Some(column) = other.column(own).filter(|_| telling) else { continue };
        if !found.iter().any(|(columns, _)| columns.contains(&column.name)) {
            found.push((vec![column.name.clone()], vec![own.clone()]));
        }
    }
    found
}

/// The columns of `target` that a declared foreign key on `columns` refers to,
/// in the order of `columns`.
fn declared(table: &LiveTable, columns: &[String], target: &LiveTable) -> Option<Vec<String>> {
    table
        .foreign_keys
        .iter()
        .filter(|key| key.references == target.name && key.columns.len() == columns.len())
        .find_map(|key| {
            let referred =
                |column| key.columns.iter().position(|own| own == column).and_then(|at| key.referenced.get(at));
            columns.iter().map(|column| referred(column).cloned()).collect()
        })
}
