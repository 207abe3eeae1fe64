//! Columns that the policy keeps, emptied in the rows of the clients taken.

use super::change::differing;
use super::name;
use super::select::Wanted;
use crate::plan::{Cleanable, Update};

/// The statements that empty one column.
#[derive(Debug, Clone)]
pub struct Clean {
    /// Empties it where it is not empty.
    pub update: String,
    /// Counts the rows in which it is not empty.
    pub left: String,
}

/// Makes the statements that empty one column.
pub fn clean(wanted: &Wanted, own: &Cleanable) -> Clean {
    let scope = wanted.scope();
    let update = Update { paths: own.paths.clone(), rules: vec![own.rule.clone()], first: false };
    Clean {
        update: scope.update(&own.table, &update),
        left: format!(
            "SELECT count(*) FROM {} WHERE {} AND {}",
            scope.relation(&own.table),
            scope.belongs(&own.paths),
            differing(&own.rule, &name(&own.rule.column), &scope.value(&own.table, &own.rule))
        ),
    }
}
