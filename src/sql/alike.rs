//! Values that may name a file in another form than a delivery does: with
//! another case, `./` or `/` before it, as a URL, with backslashes or percent
//! signs. A plain path is compared as a whole; any other form by its last part
//! alone, since where it leads is not known. What may be named is not deleted.

use super::{Scope, column, name, text};
use crate::domain::plan::{NamedFile, Plan};
use crate::domain::policy::FileKind;

/// What stands before the form of a path as a whole; the form of a last part has none.
const WHOLE: &str = "/";

/// Forms of which a path below a root has none; `!` takes a sign's meaning away.
const ODD: [&str; 13] =
    ["./%", "../%", "/%", "%//%", "%/./%", "%/../%", r"%\%", "%!%%", "%?%", "%#%", " %", "% ", "%/"];

/// The forms that a value naming the file of this path can have, as [`named_alike`] computes them.
#[must_use]
pub fn forms_of(path: &str) -> Vec<String> {
    let last = path.rsplit('/').next().unwrap_or(path);
    let plus: String = url::form_urlencoded::byte_serialize(last.as_bytes()).collect();
    let percent = plus.replace('+', "%20");
    let all = [format!("{WHOLE}{path}"), last.to_owned(), plus, percent];
    // SQLite knows the case of ASCII letters alone.
    let mut forms: Vec<String> = all.iter().flat_map(|form| [form.to_lowercase(), form.to_ascii_lowercase()]).collect();
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// For each column that can name what lies in this root, the statement that
/// finds which of the forms in `$1`, a JSON array, its values have.
#[must_use]
pub fn named_alike(plan: &Plan, today: chrono::NaiveDate, root: &str, kind: FileKind) -> Vec<String> {
    let scope = Scope::new(&plan.client, today);
    plan.files.iter().filter(|own| own.root == root && own.kind == kind).map(|own| statement(scope, own)).collect()
}

fn statement(scope: Scope, own: &NamedFile) -> String {
    let value = scope.dialect.as_text(&column(&own.table, &own.column));
    let condition = own.condition.as_ref().map(|own| format!(" AND ({})", own.sql(scope.today))).unwrap_or_default();
    let rows = format!("FROM {} WHERE {} IS NOT NULL{condition}", scope.relation(&own.table), name(&own.column));
    let (among, before) = (scope.dialect.texts_in("$1"), |text: &str, sign| scope.dialect.before(text, sign));
    let odd = ODD.map(|pattern| format!("o.v LIKE {} ESCAPE '!'", text(pattern))).join(" OR ");
    // Layer by layer: the odd values in lower case, without a query, without a fragment, without a slash at the end.
    format!(
        "SELECT DISTINCT f.form FROM (SELECT '{WHOLE}' || lower({value}) AS form {rows} UNION ALL \
         SELECT replace(l.v, rtrim(l.v, replace(l.v, '/', '')), '') AS form FROM \
         (SELECT trim(rtrim(replace(a.v, '%2f', '/'), '/ ')) AS v FROM (SELECT {} AS v FROM (SELECT {} AS v FROM \
         (SELECT lower(replace(o.v, '\\', '/')) AS v FROM (SELECT {value} AS v {rows}) AS o WHERE {odd}) AS q) AS h) AS a) AS l) AS f \
         WHERE f.form IN ({among})",
        before("h.v", '#'),
        before("q.v", '?'),
    )
}

#[cfg(test)]
mod tests {
    use super::forms_of;

    #[test]
    fn a_path_has_the_forms_that_others_may_write_it_in() {
        assert_eq!(
            forms_of("2024/Ann Æ.JPG"),
            ["/2024/ann Æ.jpg", "/2024/ann æ.jpg", "ann Æ.jpg", "ann æ.jpg", "ann%20%c3%86.jpg", "ann+%c3%86.jpg"]
        );
    }
}
