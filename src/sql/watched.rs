//! Whether the database changed rows of other clients along with those of the clients taken.

use super::link::Looks;
use super::{Scope, name};
use crate::plan::{Plan, Watched};

/// What is asked about one table while a batch is under way.
#[derive(Debug, Clone)]
pub struct Watch {
    pub table: String,
    /// Notes the rows of the clients taken in `lethe_own`, and begins to watch the others.
    pub begin: Vec<String>,
    /// Counts what gives away that others have changed or gone.
    pub harmed: String,
    pub end: Vec<String>,
}

pub(super) fn watches(scope: Scope, plan: &Plan) -> Vec<Watch> {
    let each = plan.watched.iter().map(|own| {
        let Watched { step, table, key, unique } = own;
        let row = scope.dialect.row_text(&name(table), key);
        let rows = plan.steps[*step].paths.iter().map(|path| {
            let looks = Looks { conditions: Vec::new(), results: vec![row.clone()] };
            format!("SELECT {step}, {}.lethe_0 FROM {}", name(table), scope.join(path, looks))
        });
        let rows = rows.collect::<Vec<_>>().join(" UNION ");
        let mut begin = vec![format!("INSERT INTO lethe_own (step, id) {rows}")];
        begin.extend(scope.dialect.watch(*step, table, key, unique));
        let harmed = scope.dialect.harmed(*step, table, key);
        Watch { table: table.clone(), begin, harmed, end: scope.dialect.unwatch(*step) }
    });
    each.collect()
}
