//! Rows that are not only those of the clients taken: what a rehearsal reports that its rules change, and whose rows hold
//! a former value.

use super::change::differing;
use super::link::Looks;
use super::select::Wanted;
use super::{Scope, any_of, column, key_names, name};
use crate::domain::schema::{LiveTable, Schema};
use crate::plan::{Compared, Path, Source, Step, Update};

/// Counts rows that the rules are about to change or delete although clients who stay have them too, or use them.
#[derive(Debug, Clone)]
pub struct Shared {
    pub table: String,
    /// The columns that are counted, one after the other; `None` for rows that are deleted.
    pub columns: Vec<Option<String>>,
    pub sql: String,
}

/// One for each group of rules that could do so: no row that names its one client itself is shared.
pub fn shared(wanted: &Wanted, schema: &Schema) -> Vec<Shared> {
    let scope = wanted.scope();
    let steps = wanted.plan.steps.iter().filter(|step| step.table != scope.client.table);
    let mut all = Vec::new();
    for step in steps {
        for update in step.updates.iter().chain(&step.unlinks) {
            let Some(others) = others(scope, wanted, schema, step, &update.paths) else { continue };
            all.push(of_update(scope, step, update, &others));
        }
        for delete in &step.deletes {
            let Some(others) = others(scope, wanted, schema, step, &delete.paths) else { continue };
            let sql = format!(
                "SELECT count(*) FROM {} WHERE {} AND {others}",
                scope.relation(&step.table),
                scope.deleted(delete)
            );
            all.push(Shared { table: step.table.clone(), columns: vec![None], sql });
        }
    }
    all
}

fn of_update(scope: Scope, step: &Step, update: &Update, others: &str) -> Shared {
    let counts = update.rules.iter().map(|rule| {
        let differs = differing(rule, &name(&rule.column), &scope.value(&step.table, rule));
        format!(
            "CAST(COALESCE(sum(CASE WHEN {} THEN 1 ELSE 0 END), 0) AS BIGINT)",
            scope.of_batch(&update.paths, &differs)
        )
    });
    Shared {
        table: step.table.clone(),
        columns: update.rules.iter().map(|rule| Some(rule.column.clone())).collect(),
        sql: format!(
            "SELECT {} FROM {} WHERE {} AND {others}",
            counts.collect::<Vec<_>>().join(", "),
            scope.relation(&step.table),
            scope.belongs(&update.paths)
        ),
    }
}

/// That a row reached by one of these ways is another client's by the same way, or is used by another client's rows.
fn others(scope: Scope, wanted: &Wanted, schema: &Schema, step: &Step, paths: &[Path]) -> Option<String> {
    let mut all = Vec::new();
    let is_asked = |path: &&Path| !path.exclusive && path.key_columns().is_none() && is_quick(scope, schema, path);
    for path in paths.iter().filter(is_asked) {
        all.push(format!("({} AND {})", scope.is_taken(std::slice::from_ref(path)), scope.has_other(path)));
    }
    let table = schema.table(&step.table)?;
    let is_named = |path: &Path| !path.exclusive && is_own_key(table, &path.hops[0].columns);
    if paths.iter().any(is_named) {
        all.extend(users(scope, wanted, schema, table));
    }
    (!all.is_empty()).then(|| any_of(all))
}

/// Whether the clients of a row are found by indexes, without a pass through a table for each row.
fn is_quick(scope: Scope, schema: &Schema, path: &Path) -> bool {
    path.hops.iter().enumerate().all(|(at, hop)| {
        let next = path.hops.get(at + 1).map_or(&scope.client.table, |next| &next.table);
        hop.compared.iter().all(|own| matches!(own, Compared::Plainly | Compared::By(_)))
            && schema.table(next).is_some_and(|next| next.is_indexed(&hop.matches) || next.is_unique(&hop.matches))
    })
}

/// Whether these columns are the table's own key, by which other rows use its rows.
fn is_own_key(table: &LiveTable, columns: &[String]) -> bool {
    columns.iter().all(|own| table.column(own).is_some_and(|own| own.primary_key > 0)) && table.is_unique(columns)
}

/// That a row is referred to by a row of a client who stays that is no row of a client taken. Foreign keys without an
/// index are left out, as they would take a pass through their table for each row.
fn users(scope: Scope, wanted: &Wanted, schema: &Schema, table: &LiveTable) -> Vec<String> {
    let steps = wanted.plan.steps.iter().filter(|step| step.table != table.name);
    let mut all = Vec::new();
    for step in steps {
        let Some(user) = schema.table(&step.table) else { continue };
        for key in user.foreign_keys.iter().filter(|key| key.references == table.name && user.is_indexed(&key.columns))
        {
            let pairs = key.columns.iter().zip(&key.referenced).map(|(own, other)| {
                format!("{}.{} = {}.{}", name(&user.name), name(own), name(&table.name), name(other))
            });
            all.push(format!(
                "EXISTS (SELECT 1 FROM {} WHERE {} AND {} AND NOT COALESCE({}, FALSE))",
                scope.relation(&user.name),
                pairs.collect::<Vec<_>>().join(" AND "),
                any_of(step.paths.iter().map(|path| scope.has_other(path)).collect()),
                scope.is_taken(&step.paths)
            ));
        }
    }
    all
}

/// Reads the texts in identifying columns of clients who stay that, in small letters, are among those in `$1`, a JSON array.
pub fn theirs(wanted: &Wanted) -> Vec<String> {
    let scope = wanted.scope();
    let of_source = |source: &Source| {
        let stays = any_of(source.paths.iter().map(|path| scope.has_other(path)).collect());
        let of_column = |own: &String| {
            let text = scope.dialect.as_text(&column(&source.table, own));
            format!(
                "SELECT DISTINCT {text} FROM {} WHERE LOWER({text}) IN ({}) AND {stays}",
                scope.relation(&source.table),
                scope.dialect.texts_in("$1")
            )
        };
        source.columns.iter().map(of_column).collect::<Vec<_>>()
    };
    wanted.plan.identifying.iter().flat_map(of_source).collect()
}

/// Which rows among those in `$1`, a JSON array of identities, belong to a client taken: their identities.
pub fn of_taken(wanted: &Wanted, step: &Step, identity: &[String]) -> String {
    let scope = wanted.scope();
    format!(
        "SELECT {} FROM {} WHERE {} AND {}",
        scope.dialect.row_json(&step.table, identity),
        scope.relation(&step.table),
        scope.dialect.row_among(&step.table, identity, "$1"),
        scope.is_taken(&step.paths),
    )
}

/// Takes the clients to whom the rows in `$1`, a JSON array of identities, belong, beside those taken: one for each way.
pub fn take_owners(wanted: &Wanted, step: &Step, identity: &[String]) -> Vec<String> {
    let scope = wanted.scope();
    let among = scope.dialect.row_among(&step.table, identity, "$1");
    let keys = key_names(scope.client.key.len());
    let take = |path: &Path| {
        let (from, own) = scope.join_from(path, &Looks { conditions: vec![among.clone()], results: Vec::new() });
        format!(
            "WITH own ({keys}) AS (SELECT DISTINCT {own} FROM {from}) \
             INSERT INTO lethe_taken (n, {keys}) \
             SELECT (SELECT COALESCE(max(n), -1) FROM lethe_taken) + row_number() OVER (ORDER BY {keys}), {keys} FROM own \
             WHERE k0 IS NOT NULL AND ({keys}) NOT IN (SELECT {keys} FROM lethe_taken)"
        )
    };
    step.paths.iter().map(take).collect()
}

/// Has all clients taken stand among those whose rows conditions are asked of.
pub fn hold_taken(wanted: &Wanted) -> [String; 2] {
    let keys = key_names(wanted.scope().client.key.len());
    ["DELETE FROM lethe_held".to_owned(), format!("INSERT INTO lethe_held ({keys}) SELECT {keys} FROM lethe_taken")]
}
