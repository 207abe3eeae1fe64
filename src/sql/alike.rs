//! Values that may name a file in another form than a delivery does. SQL finds
//! those that could, and what each of them means is worked out [in one
//! place](crate::outside) for both.

use super::{Scope, column, name};
use crate::plan::{NamedFile, Plan};
use crate::policy::FileKind;

/// The signs of a plain path: a value with any other may name a file in any form.
const PLAIN: &str = "abcdefghijklmnopqrstuvwxyz0123456789-_. /";

/// For each column that can name what lies in this root, the statement that
/// gives the bytes of its values that are no plain paths, or whose last part is
/// among those in `$1`, a JSON array, in small letters.
pub fn perhaps_alike(plan: &Plan, today: chrono::NaiveDate, root: &str, kind: FileKind) -> Vec<String> {
    let scope = Scope::new(&plan.client, today);
    plan.files.iter().filter(|own| own.root == root && own.kind == kind).map(|own| statement(scope, own)).collect()
}

/// The last part of a plain path as [`perhaps_alike`] compares it.
pub fn last_part(name: &str) -> &str {
    name.trim_end_matches(['/', ' ', '.'])
}

fn statement(scope: Scope, own: &NamedFile) -> String {
    let (dialect, value) = (scope.dialect, scope.dialect.as_text(&column(&own.table, &own.column)));
    let condition = own.condition.as_ref().map(|own| format!(" AND ({})", own.sql(scope.today))).unwrap_or_default();
    format!(
        "SELECT {} AS v FROM (SELECT a.v, lower(a.v) AS l, rtrim(lower(a.v), '/ .') AS p FROM \
         (SELECT {value} AS v FROM {} WHERE {} IS NOT NULL{condition}) AS a) AS o \
         WHERE ltrim(o.l, '{PLAIN}') <> '' OR trim(replace(o.p, rtrim(o.p, replace(o.p, '/', '')), '')) IN ({})",
        dialect.text_bytes("o.v"),
        scope.relation(&own.table),
        name(&own.column),
        dialect.texts_in("$1"),
    )
}
