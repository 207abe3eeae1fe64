//! Made-up worlds: a schema, its policy and its rows, so that everything a
//! policy can say about tables, links and actions meets everything else.

use super::actions::{Action, any_action, columns, rules, values};
use proptest::prelude::*;

use super::words::refuses;

/// How clients are named.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key {
    Text,
    Integer,
    Composite,
}

/// How the rows of a table belong to clients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach {
    /// They hold the client's key.
    Direct,
    /// They hold another column of the client.
    Code,
    /// They hold an owner's type and number.
    Owner,
    /// They belong to a row of the table before.
    Hop,
    /// A table between says so, and several clients can have one.
    Shared,
}

#[derive(Debug, Clone)]
pub struct Table {
    pub reach: Reach,
    pub columns: Vec<Action>,
    /// Rows go: all of them, or the old ones.
    pub deletes: Option<bool>,
    /// Some rows repeat the client's name where it is kept.
    pub repeats_name: bool,
}

#[derive(Debug, Clone)]
pub struct World {
    pub key: Key,
    pub columns: Vec<Action>,
    pub tables: Vec<Table>,
    pub flag: bool,
    pub date: bool,
    pub identifying: bool,
    pub guarded_by_row: bool,
    /// A number for each client, from which its rows are made.
    pub clients: Vec<u32>,
    /// A trigger refuses clients whose number is divisible by this.
    pub stuck: u32,
}

pub fn worlds() -> impl Strategy<Value = World> {
    let reach =
        prop_oneof![Just(Reach::Direct), Just(Reach::Code), Just(Reach::Owner), Just(Reach::Hop), Just(Reach::Shared)];
    let columns = prop::collection::vec(any_action(), 1..4);
    let table = (reach, columns.clone(), prop::option::weighted(0.3, any::<bool>()), any::<bool>())
        .prop_map(|(reach, columns, deletes, repeats_name)| Table { reach, columns, deletes, repeats_name });
    let key = prop_oneof![Just(Key::Text), Just(Key::Integer), Just(Key::Composite)];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let clients = prop::collection::vec(0_u32..10_000, 1..24);
    (key, columns, prop::collection::vec(table, 1..4), flags, clients, 2_u32..12).prop_map(
        |(key, columns, tables, (flag, date, identifying, guarded_by_row), clients, stuck)| World {
            key,
            columns,
            tables,
            flag,
            date,
            identifying,
            guarded_by_row,
            clients,
            stuck,
        },
    )
}

impl World {
    fn key_columns(&self) -> &'static [&'static str] {
        if self.key == Key::Composite { &["ka", "kb"] } else { &["k"] }
    }

    fn key_values(&self, client: usize) -> Vec<String> {
        match self.key {
            Key::Text => vec![format!("'K{client:03}'")],
            Key::Integer => vec![format!("{}", client * 3 + 1)],
            Key::Composite => vec![format!("'A{}'", client % 3), format!("{client}")],
        }
    }

    /// How the rows of a table are really reached: what this key or place cannot have is direct.
    fn reach(&self, at: usize) -> Reach {
        match self.tables[at].reach {
            Reach::Owner if self.key == Key::Composite => Reach::Direct,
            Reach::Hop if at == 0 => Reach::Direct,
            reach => reach,
        }
    }

    fn reference(&self, prefix: &str) -> (String, Vec<String>) {
        let kind = |key: &str| if self.key == Key::Integer || key == "kb" { "INTEGER" } else { "TEXT" };
        let names: Vec<String> = self.key_columns().iter().map(|key| format!("{prefix}_{key}")).collect();
        let columns: Vec<String> =
            self.key_columns().iter().map(|key| format!("{prefix}_{key} {}", kind(key))).collect();
        (columns.join(", "), names)
    }

    pub fn schema(&self) -> String {
        let kind = if self.key == Key::Integer { "INTEGER" } else { "TEXT" };
        let keys = if self.key == Key::Composite {
            "ka TEXT NOT NULL, kb INTEGER NOT NULL".to_owned()
        } else {
            format!("k {kind} NOT NULL")
        };
        let mut sql = format!(
            "CREATE TABLE clients ({keys}, code TEXT UNIQUE, name TEXT, status TEXT, due DATE, flag INTEGER NOT NULL DEFAULT 0, \
             since DATE, number INTEGER{}, PRIMARY KEY ({}));\n",
            columns(&self.columns),
            self.key_columns().join(", ")
        );
        for (at, table) in self.tables.iter().enumerate() {
            let (reference, _) = self.reference("ref");
            let way = match self.reach(at) {
                Reach::Direct => reference.clone(),
                Reach::Code => "ref_code TEXT".to_owned(),
                Reach::Owner => format!("owner_id {kind}, owner_type TEXT"),
                Reach::Hop => "parent_id INTEGER".to_owned(),
                Reach::Shared => "shelf INTEGER".to_owned(),
            };
            sql += &format!(
                "CREATE TABLE t{at} (id INTEGER PRIMARY KEY, {way}, status TEXT, note TEXT{});\n",
                columns(&table.columns)
            );
            if self.reach(at) == Reach::Shared {
                sql += &format!("CREATE TABLE l{at} ({reference}, thing_id INTEGER);\n");
            }
        }
        for client in 0..self.clients.len() {
            sql += &self.rows(client);
        }
        sql + &refuses("clients", &format!("old.number % {} = 0", self.stuck), "no")
    }

    fn rows(&self, client: usize) -> String {
        let number = self.clients[client];
        let keys = self.key_values(client).join(", ");
        let due = ["'2020-01-01'", "'2026-01-02'", "'2026-01-03'", "NULL", "'2019-05-05'", "'2025-12-31'"]
            [number as usize % 6];
        let status = ["'old'", "'new'", "NULL", "'old'", "'open'"][number as usize / 6 % 5];
        let mut sql = format!(
            "INSERT INTO clients VALUES ({keys}, 'code{client}', 'Person {number:05}', {status}, {due}, 0, NULL, {number}{});\n",
            values(&self.columns, number)
        );
        for (at, table) in self.tables.iter().enumerate() {
            for row in 0..(number >> (2 * at)) % 4 {
                let seed = number.wrapping_mul(31).wrapping_add(row * 7 + u32::try_from(at).unwrap_or(0));
                // A shared thing belongs to several clients; any other row to one.
                let id = if self.reach(at) == Reach::Shared {
                    u64::from(seed % 9)
                } else {
                    client as u64 * 10 + u64::from(row)
                };
                let way = match self.reach(at) {
                    Reach::Direct => keys.clone(),
                    Reach::Code => format!("'code{client}'"),
                    Reach::Owner => {
                        format!("{keys}, {}", if seed.is_multiple_of(4) { "'supplier'" } else { "'client'" })
                    }
                    Reach::Hop => format!("{}", client * 10),
                    Reach::Shared => "0".to_owned(),
                };
                let status = ["'old'", "'new'", "NULL", "'open'", "'new'", "'old'", "'new'"][seed as usize % 7];
                let note = match (table.repeats_name && self.reach(at) != Reach::Shared, seed % 5) {
                    (true, 0) => format!("'spoke with Person {number:05} at noon'"),
                    _ => format!("'note {}'", seed % 3),
                };
                sql += &format!(
                    "INSERT INTO t{at} VALUES ({id}, {way}, {status}, {note}{}) ON CONFLICT DO NOTHING;\n",
                    values(&table.columns, seed)
                );
                if self.reach(at) == Reach::Shared {
                    sql += &format!("INSERT INTO l{at} VALUES ({keys}, {id});\n");
                }
            }
        }
        sql
    }

    pub fn policy(&self) -> String {
        let quoted = |names: &[String]| match names {
            [one] => format!("\"{one}\""),
            many => format!("[{}]", many.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")),
        };
        let keys: Vec<String> = self.key_columns().iter().map(ToString::to_string).collect();
        let (flag, since) = (
            if self.flag { "anonymized = \"flag\"\n" } else { "" },
            if self.date { "anonymized_on = \"since\"\n" } else { "" },
        );
        let mut toml =
            format!("[client]\ntable = \"clients\"\nkey = {}\nto_anonymize_on = \"due\"\n{flag}{since}", quoted(&keys));
        let table = if self.guarded_by_row { "table = \"t0\"\n" } else { "" };
        toml += &format!(
            "\n[[guards]]\nname = \"open\"\nreason = \"has something open\"\n{table}where = \"status = 'open'\"\n"
        );
        toml += "\n[tables.clients.columns]\n";
        for name in keys.iter().map(String::as_str).chain(["code", "status", "due", "flag", "since", "number"]) {
            toml += &format!("{name} = {{ class = \"non-personal\" }}\n");
        }
        toml += &format!(
            "name = {{ class = \"personal\", replace = \"Anonymized\", identifying = {} }}\n",
            self.identifying
        );
        toml += &rules(&self.columns, true);
        for (at, table) in self.tables.iter().enumerate() {
            let (_, reference) = self.reference("ref");
            let direct = if reference.len() == 1 {
                quoted(&reference)
            } else {
                format!("{{ column = {} }}", quoted(&reference))
            };
            let (client, ways) = match self.reach(at) {
                Reach::Direct => (direct.clone(), reference.clone()),
                Reach::Code => ("{ column = \"ref_code\", equals = \"code\" }".to_owned(), vec!["ref_code".to_owned()]),
                Reach::Owner => {
                    let link = "{ column = \"owner_id\", where = \"owner_type = 'client'\" }";
                    (link.to_owned(), vec!["owner_id".to_owned(), "owner_type".to_owned()])
                }
                Reach::Hop => {
                    let link = format!("{{ column = \"parent_id\", through = \"t{}\", equals = \"id\" }}", at - 1);
                    (link, vec!["parent_id".to_owned()])
                }
                Reach::Shared => {
                    let link =
                        format!("{{ column = \"id\", through = \"l{at}\", equals = \"thing_id\", exclusive = true }}");
                    (link, vec!["shelf".to_owned()])
                }
            };
            toml += &format!("\n[tables.t{at}]\nclient = {client}\n");
            if table.deletes == Some(true) {
                toml += "rows = \"delete\"\n";
            } else {
                if table.deletes == Some(false) {
                    toml += "rows = [{ delete = \"status = 'old'\" }]\n";
                }
                toml += &format!("[tables.t{at}.columns]\n");
                for name in ["id", "status"].into_iter().chain(ways.iter().map(String::as_str)) {
                    toml += &format!("{name} = {{ class = \"non-personal\" }}\n");
                }
                let blank = if table.columns.len() > 1 { ", residue = \"blank\"" } else { "" };
                toml += &format!("note = {{ class = \"non-personal\"{blank} }}\n");
                let one_way = matches!(self.reach(at), Reach::Direct | Reach::Owner);
                toml += &rules(&table.columns, one_way);
            }
            if self.reach(at) == Reach::Shared {
                toml += &format!("\n[tables.l{at}]\nclient = {direct}\n[tables.l{at}.columns]\n");
                for name in reference.iter().map(String::as_str).chain(["thing_id"]) {
                    toml += &format!("{name} = {{ class = \"non-personal\" }}\n");
                }
            }
        }
        toml
    }
}
