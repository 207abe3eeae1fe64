//! What of a client a review shows, so that a person knows who is meant.

use super::builder::Builder;
use crate::policy::Class;

/// The client table's columns that are marked as shown, in the database's own
/// spelling and order.
pub(super) fn columns(builder: &mut Builder) -> Vec<String> {
    let mut marked = Vec::new();
    for (name, rule) in &builder.policy.tables {
        for key in rule.keys.iter().filter(|(_, said)| said.shown).map(|(key, _)| key) {
            builder.problem(
                &format!("tables.{name}.keys.{key}"),
                "`shown` has no meaning for a key",
                "remove it: a review shows columns of the client table",
            );
        }
        for (column, said) in rule.columns.iter().filter(|(_, said)| said.shown) {
            let place = format!("tables.{name}.columns.{column}");
            let Some(table) = builder.schema.table(name) else { continue };
            // What is wrong with the name is said elsewhere.
            let Some(spelt) = table.column(column).map(|own| own.name.clone()) else { continue };
            if !builder.is_client(&table.name) {
                let what = "a review shows columns of the client table only: a client may have any number of rows here";
                builder.problem(&place, what, "remove `shown`, and mark columns of the client table");
            } else if said.class == Class::Sensitive {
                let what = "a review is read by people and saved on their machines, and this column is sensitive";
                builder.problem(&place, what, "remove `shown`, and mark columns that name the client");
            } else if builder.key.contains(&spelt) {
                builder.problem(&place, "this is the client's key, which a review always shows", "remove `shown`");
            } else {
                marked.push(spelt);
            }
        }
    }
    let order = |name: &String| builder.client_table.columns.iter().position(|column| &column.name == name);
    marked.sort_by_key(order);
    marked
}
