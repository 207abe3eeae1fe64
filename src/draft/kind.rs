//! What kind of table one is by its name: of staff, of the system, of set-up.

use crate::domain::schema::LiveColumn;

use super::client::ClientTable;
use super::words::{Words, about, of_table, singular, split};

/// What a table without client data is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    /// Products, groups, texts, settings: the same for all clients.
    SetUp,
    /// Who works here, and the system itself.
    Staff,
}

const STAFF: Words = Words(
    "user employee staff operator admin administrator agent salesperson salesman technician mitarbeiter benutzer \
     utilisateur employe role permission privilege cron job queue migration cache lock schema version module menu \
     extension workflow scheduler worker audit acl",
);

const SETUP: Words = Words(
    "domain country state region currency language locale group type status category setting config configuration \
     parameter product item article template tag store shop warehouse company tenant site website department tax \
     unit uom rate price pricelist journal calendar color size brand supplier vendor manufacturer territory zone \
     shipper carrier translation setup source reason stage plan campaign genre film album track artist playlist \
     warengruppe artikel land waehrung pays produit option page block",
);

/// Whether a table is called after something that happens to clients as well
/// as to the system, so that a link decides.
pub(super) fn may_be_of_clients(table: &str) -> bool {
    const EITHER: &[&str] = &[
        "queue", "job", "audit", "cache", "version", "source", "reason", "price", "rate", "option", "journal", "plan",
        "status",
    ];
    of_table(table).last().is_some_and(|last| EITHER.contains(&singular(last).as_str()))
}

/// What kind of table one is, if its name says that it is none of clients.
pub(super) fn of_name(table: &str, client: &ClientTable) -> Option<Other> {
    let words: Vec<String> = of_table(table).iter().map(|word| singular(word)).collect();
    let own: Vec<String> = about(&client.table.name).iter().map(|word| singular(word)).collect();
    let last = words.last()?;
    // `customer_groups` may say which customer is in which group.
    if own.last().is_some_and(|own| words.contains(own)) {
        return None;
    }
    if STAFF.has(last) {
        return Some(Other::Staff);
    }
    // `order_items` are the lines of orders, not what the shop sells.
    if last == "item" && words.len() > 1 {
        return None;
    }
    SETUP.has(last).then_some(Other::SetUp)
}

/// Whether a column says who in the house wrote a row, not whose it is.
pub(super) fn is_audit(column: &LiveColumn) -> bool {
    const DEEDS: Words = Words(
        "create created creator creat write written modify modified modif modifier update updated updater change \
         changed delete deleted approve approved assigned author edited editor posted valid validated closed \
         cloture entered received printed processed handled managed",
    );
    let words = split(&column.name);
    let is_deed = words.iter().any(|word| DEEDS.has(word));
    let is_actor = words.last().is_some_and(|last| ["by", "id", "uid", "user", "no", "code"].contains(&last.as_str()));
    let is_user = words
        .iter()
        .any(|word| ["user", "uid", "employee", "staff", "salesperson", "salesrep"].contains(&word.as_str()));
    let is_of_staff =
        words.len() > 1 && words.iter().any(|word| ["operator", "cashier", "clerk"].contains(&word.as_str()));
    is_of_staff || is_deed && (is_actor || is_user || words.len() == 1 || words.concat().ends_with("uid"))
}
