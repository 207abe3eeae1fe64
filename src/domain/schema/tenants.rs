//! Tables of other companies in the same database, told by a common prefix:
//! `A$Customer` and `B$Customer`, `wp_2_orders` and `wp_3_orders`.

use std::collections::BTreeSet;

use super::{LiveTable, Schema};

/// Prefixes of copies of one's own tables, which are no other company.
const COPIES: &[&str] = &[
    "archive", "archived", "arch", "hist", "history", "old", "bak", "backup", "copy", "log", "tmp", "temp", "posted",
    "staging", "stage", "stg", "audit", "deleted", "snapshot", "import", "export",
];

/// The tables that two prefixes share before they are taken for two companies,
/// unless the prefixes themselves say so.
const SHARED: usize = 5;

impl Schema {
    /// The tables of companies other than that of this table. One that refers
    /// to it by foreign keys is none of them, whatever it is called.
    pub fn other_tenants(&self, table: &str) -> BTreeSet<String> {
        let Some((own, others)) = self.companies(table) else { return BTreeSet::new() };
        let is_stranger = |name: &&String| {
            let longest = |prefixes: &mut dyn Iterator<Item = &String>| {
                prefixes.filter(|prefix| name.starts_with(prefix.as_str())).map(String::len).max()
            };
            // `wp_2_orders` starts with `wp_` too: the longest prefix counts.
            longest(&mut others.iter())
                .is_some_and(|other| longest(&mut [&own].into_iter()).is_none_or(|own| own < other))
        };
        let mut other_tenants: BTreeSet<String> = self.tables.keys().filter(is_stranger).cloned().collect();
        let (mut seen, mut queue) = (BTreeSet::from([table]), vec![table]);
        while let Some(target) = queue.pop() {
            let refers = |own: &&LiveTable| own.foreign_keys.iter().any(|key| key.references == target);
            for own in self.tables.values().filter(refers) {
                if seen.insert(&own.name) {
                    other_tenants.remove(&own.name);
                    queue.push(&own.name);
                }
            }
        }
        other_tenants
    }

    /// The table's own prefix, and those of the other companies.
    fn companies(&self, table: &str) -> Option<(String, BTreeSet<String>)> {
        for at in splits(table) {
            let (own, rest) = table.split_at(at);
            let twins = self.tables.keys().filter(|name| *name != table).filter_map(|name| name.strip_suffix(rest));
            let mut others: BTreeSet<String> =
                twins.filter(|other| self.is_company(own, other)).map(str::to_owned).collect();
            if own.ends_with('$') {
                // A company may lack this very table.
                let heads = self.tables.keys().filter_map(|name| name.find('$').map(|at| &name[..=at]));
                let heads: BTreeSet<&str> = heads.filter(|head| *head != own).collect();
                others.extend(heads.into_iter().filter(|head| self.shared(own, head).0 >= SHARED).map(str::to_owned));
            }
            if !others.is_empty() {
                return Some((own.to_owned(), others));
            }
        }
        None
    }

    fn is_company(&self, own: &str, other: &str) -> bool {
        let without_digits = |prefix: &str| {
            let plain: String = prefix.chars().filter(|mark| !mark.is_ascii_digit()).collect();
            plain.replace("__", "_")
        };
        if own.ends_with('$') && other.ends_with('$') && other.matches('$').count() == 1 {
            return true;
        }
        let is_prefix = |prefix: &str| prefix.ends_with(['_', '.', '-', ' ']);
        if own.is_empty() || !is_prefix(own) || !is_prefix(other) {
            return other.ends_with('.') && own.is_empty() && self.is_alike(own, other);
        }
        (own != other && without_digits(own) == without_digits(other)) || self.is_alike(own, other)
    }

    /// Whether half of the tables of each have a twin among those of the other,
    /// and neither are copies.
    fn is_alike(&self, own: &str, other: &str) -> bool {
        let is_copy = |prefix: &str| {
            let mut words = prefix.split(|mark: char| !mark.is_alphanumeric());
            words.any(|word| COPIES.contains(&word.to_lowercase().as_str()))
        };
        if is_copy(own) || is_copy(other) {
            return false;
        }
        let (shared, of_own, of_other) = self.shared(own, other);
        shared >= SHARED && shared * 2 >= of_other && shared * 2 >= of_own.min(of_other)
    }

    /// How many tables two prefixes share, and how many each has.
    fn shared(&self, own: &str, other: &str) -> (usize, usize, usize) {
        let of_own = self.tables.keys().filter(|name| name.starts_with(own)).count();
        let of_other: Vec<&str> = self.tables.keys().filter_map(|name| name.strip_prefix(other)).collect();
        let shared = of_other.iter().filter(|rest| self.tables.contains_key(&format!("{own}{rest}"))).count();
        (shared, of_own, of_other.len())
    }
}

/// Where a prefix may end, the shortest first: behind the first `$`, else behind each joint.
fn splits(table: &str) -> Vec<usize> {
    if let Some(at) = table.find('$') {
        return vec![at + 1];
    }
    let joints = table.match_indices(['.', '_', '-', ' ']).map(|(at, _)| at + 1);
    std::iter::once(0).chain(joints).filter(|at| *at < table.len()).collect()
}
