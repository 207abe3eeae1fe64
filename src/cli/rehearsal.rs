//! `lethe sweep … --rehearse`: what a rehearsal found, and whether the policy may be used live.

use super::Failure;
use super::output::{Output, counted};
use super::sweep::survey_text;
use crate::domain::outcome::Outcome;
use crate::domain::sweep::SweepKind;
use crate::domain::text::escaped;
use crate::service::sweeps::is_whole;
use crate::worker::gate::{ENOUGH, TIMES};
use crate::worker::sweep::{Client, Finding, Survey, WholeDatabase};
use crate::worker::{Context, Request};

/// How many of the clients that fail in a rehearsal are named.
const FAILED_SHOWN: usize = 10;

/// Rehearses a sweep. `list` is told of every client; where it `lists` them as JSON, nothing else is printed.
pub(super) async fn rehearse(
    context: &Context,
    request: &Request,
    out: Output,
    lists: bool,
    list: &mut (dyn FnMut(Client) + Send),
) -> Result<(), Failure> {
    let mut failed = Vec::new();
    let mut each = |client: Client| {
        if client.outcome == Outcome::Failed && failed.len() < FAILED_SHOWN {
            failed.push(client.clone());
        }
        list(client);
    };
    let found = crate::service::sweeps::rehearse(context, request, &mut each).await?;
    let loaded = context.planner.plan(&context.store).await?;
    if !(lists && out.json) {
        out.data(&found, || {
            let text = survey_text(&found, request, &loaded.plan, "anonymized, and rolled back");
            let whole = found.whole_database.as_ref().map(of_database).unwrap_or_default();
            format!("{text}{}\n{whole}{}", of_failed(&found, &failed), verdict(&found, request))
        });
    }
    passed(&found)
}

/// Refuses a rehearsal in which clients failed, or findings are not accepted.
pub(super) fn passed(found: &Survey) -> Result<(), Failure> {
    let (mut what, mut fix) = (Vec::new(), Vec::new());
    if found.tally.failed > 0 {
        what.push(format!("{} failed", counted(found.tally.failed, "client")));
        fix.push("fix what makes clients fail, or place holds on them");
    }
    if let Some(whole) = &found.whole_database {
        let open = |own: &[Finding]| own.iter().filter(|own| own.accepted.is_none()).count() as u64;
        let (left, changed) = (open(&whole.found), open(&whole.changed));
        if left > 0 {
            what.push(format!("former values are left in {}", counted(left, "column")));
            fix.push("link the tables in which former values are left, and have the columns changed");
        }
        if changed > 0 {
            what.push(format!("the rules changed rows that other clients have too in {}", counted(changed, "place")));
            fix.push("correct the links by which rows of others were reached");
        }
        if left + changed > 0 {
            fix.push("or accept each finding under `[[accepted]]` in the policy, with its reason");
        }
    }
    if what.is_empty() {
        return Ok(());
    }
    let what = format!("the rehearsal failed: {}", what.join("; "));
    Err(Failure::new(what, format!("{}; then rehearse again", fix.join("; "))))
}

fn of_failed(found: &Survey, failed: &[Client]) -> String {
    let mut text = String::new();
    for client in failed {
        text += &format!("\nfailed: client {}: {}", client.key, client.reasons.join("; "));
    }
    match usize::try_from(found.tally.failed).unwrap_or(usize::MAX).saturating_sub(failed.len()) {
        0 if failed.is_empty() => {}
        0 => text += "\n",
        more => text += &format!("\nfailed: {more} more; `--clients` lists all\n"),
    }
    text
}

/// What was found in the whole database, in words.
fn of_database(whole: &WholeDatabase) -> String {
    let accepted = |why: &Option<String>| why.as_ref().map(|why| format!(" (accepted: {})", escaped(why)));
    let mut text = match whole.clients {
        0 => "No former value was searched for in the whole database.\n".to_owned(),
        clients => format!(
            "The former values of {} were searched for in {} of the whole database.\n",
            counted(clients, "client"),
            counted(whole.tables, "table")
        ),
    };
    for own in &whole.found {
        let (column, clients) = (own.column.as_deref().unwrap_or("*"), counted(own.count, "client"));
        let why = accepted(&own.accepted).unwrap_or_default();
        text += &format!("found: `{}.{column}` has former values of {clients}{why}\n", own.table);
    }
    for own in &whole.changed {
        let rows = counted(own.count, "row");
        let what = match &own.column {
            Some(column) => format!("`{}.{column}` was changed in {rows}", own.table),
            None => format!("{rows} of `{}` were deleted", own.table),
        };
        let why = accepted(&own.accepted).unwrap_or_default();
        text += &format!("changed: {what} that clients who stay have too, or use{why}\n");
    }
    if !whole.unread.is_empty() {
        let tables = whole.unread.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        text += &format!("note: not searched, or not to the end: {tables}\n");
    }
    text + "\n"
}

fn verdict(found: &Survey, request: &Request) -> String {
    let none = "No client could be anonymized, so nothing was rehearsed, and this rehearsal permits no live sweep.";
    let clients = counted(found.tally.anonymized, "client");
    match request.kind {
        _ if found.passed == Some(true) => for_live(found, request),
        _ if found.tally.anonymized > 0 => {
            let effect = if found.has_findings() {
                "live sweeps are refused until a rehearsal passes"
            } else {
                "this rehearsal permits no live sweep"
            };
            format!("The rehearsal failed. Everything was done with {clients} and rolled back; {effect}.")
        }
        _ if found.tally.failed > 0 => format!("{none}\nFix what makes these clients fail, and rehearse again."),
        SweepKind::List => format!("{none}\n`lethe client KEY` says what keeps a client; name others."),
        _ => format!("{none}\nTry it on clients of your choice: `lethe sweep --list FILE --force --rehearse`."),
    }
}

/// For which live sweeps a rehearsal that passed is enough.
fn for_live(found: &Survey, request: &Request) -> String {
    let anonymized = found.tally.anonymized;
    let mut text = format!(
        "Everything was done with {} and rolled back. This policy may now be used live on this schema",
        counted(anonymized, "client")
    );
    let most = counted(anonymized.saturating_mul(TIMES), "client");
    if anonymized < ENOUGH && !is_whole(request, found) {
        text += &format!(", for sweeps that anonymize at most {most}");
    } else if anonymized < ENOUGH {
        let filters = if request.filters.is_empty() { "" } else { " with these filters" };
        text += &format!(", for `{}` sweeps{filters}, and for others that anonymize at most {most}", request.kind);
    }
    text + "."
}
