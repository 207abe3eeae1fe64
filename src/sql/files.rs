//! Files that go with their clients, as deliveries in the ledger.
//!
//! Their paths are read before anything changes. When everything has changed,
//! those that a row still names are taken out again: no matter whom that row belongs
//! to stays.

use super::link::{Looks, TAKEN};
use super::{Scope, column, name, text};
use crate::plan::{NamedFile, Plan};

/// What a batch does about files, each statement with the table it is about.
#[derive(Debug, Clone, Default)]
pub struct Statements {
    /// Writes a delivery for each path. `$1` sweep, `$2` moment.
    pub remember: Vec<(String, String)>,
    /// Lets one batch at a time see what is still named: of two that each do
    /// one of the clients who share a file, the second finds it named no more.
    pub one_at_a_time: Option<&'static str>,
    /// Takes out what a row still names.
    pub spare: Vec<(String, String)>,
}

/// What is written by this batch, and not yet to be acted upon.
const NEW: &str = "state = 'new'";

/// Has the deliveries of this batch acted upon.
pub const OPEN: &str = "UPDATE lethe_deliveries SET state = 'open' WHERE state = 'new'";

impl Statements {
    pub(super) fn of(scope: Scope, plan: &Plan) -> Self {
        if plan.files.is_empty() {
            return Self::default();
        }
        Self {
            remember: plan.files.iter().flat_map(|own| remember(scope, own)).collect(),
            one_at_a_time: scope.dialect.one_at_a_time,
            spare: plan.files.iter().map(|own| (own.table.clone(), spare(scope, own, NEW))).collect(),
        }
    }

    /// All of them, each with the table it is about.
    pub(super) fn all(&self) -> impl Iterator<Item = (String, &str)> {
        self.remember.iter().chain(&self.spare).map(|(table, sql)| (table.clone(), sql.as_str()))
    }
}

/// Takes out of the deliveries under the lease `$1` what a row names, for each
/// column that can name what lies in this root.
pub fn spare_claimed(plan: &Plan, today: chrono::NaiveDate, root: &str) -> Vec<String> {
    let scope = Scope::new(&plan.client, today);
    plan.files.iter().filter(|own| own.root == root).map(|own| spare(scope, own, "lease = $1")).collect()
}

fn remember(scope: Scope, file: &NamedFile) -> Vec<(String, String)> {
    let kind = file.kind.as_str();
    let of_path = |path| {
        let conditions = file.condition.iter().map(|own| own.sql(scope.today)).collect();
        let from = scope.join(path, Looks { conditions, results: Vec::new() });
        let own = scope.dialect.as_text(&column(&file.table, &file.column));
        let sql = format!(
            "INSERT INTO lethe_deliveries (kind, target, sweep, client_key, body, message, state, run_at, made_at) \
             SELECT '{kind}', {}, $1, min(b.key), f.path, {}, 'new', $2, $2 FROM \
             (SELECT DISTINCT {TAKEN}.n AS n, {own} AS path FROM {from}) AS f JOIN lethe_batch AS b ON b.n = f.n \
             WHERE f.path <> '' GROUP BY f.path",
            text(&file.root),
            scope.dialect.random_name,
        );
        (file.table.clone(), sql)
    };
    file.paths.iter().map(of_path).collect()
}

fn spare(scope: Scope, file: &NamedFile, which: &str) -> String {
    let own = name(&file.column);
    let condition = file.condition.as_ref().map(|own| format!(" AND ({})", own.sql(scope.today))).unwrap_or_default();
    format!(
        "DELETE FROM lethe_deliveries WHERE {which} AND kind = '{}' AND target = {} AND body IN \
         (SELECT {} FROM {} WHERE {own} IS NOT NULL{condition})",
        file.kind.as_str(),
        text(&file.root),
        scope.dialect.as_text(&column(&file.table, &file.column)),
        scope.relation(&file.table),
    )
}
