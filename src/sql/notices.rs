//! Notices: clients who are due are notified beforehand, and refused for so long.

use chrono::NaiveDate;

use super::Scope;
use super::messages::batch_messages;
use crate::domain::dialect::Dialect;
use crate::domain::outcome::NOTICE;
use crate::domain::period::Period;
use crate::plan::Plan;

/// That a client of `lethe_batch AS b` is kept by its notice and by nothing else.
const BY_NOTICE: &str = "b.state = 'refused' AND (b.reasons = '[\"notice\"]' OR b.reasons LIKE '[\"notice until %')";

/// What a batch does about notices.
#[derive(Debug, Clone)]
pub struct Statements {
    /// Keeps those who have had no notice, and those whose notice runs; `None` if that is passed over.
    pub reason: Option<String>,
    /// Writes down, once outcomes are, whose notice ended and whose begins. `$1` sweep, `$2` moment.
    pub record: [String; 4],
    /// Writes messages to those whose notice begins. `$1` sweep, `$2` moment, `$3`
    /// webhook, `$4` type, `$5` the most clients that one names.
    pub tell: String,
}

impl Statements {
    pub(super) fn of(scope: Scope, plan: &Plan, force: bool) -> Option<Self> {
        plan.notice.map(|length| Self {
            reason: (!force).then(|| reason(scope, plan, length)),
            record: record(lapse(length, scope.today.day)),
            tell: tell(scope.dialect),
        })
    }
}

/// The last day on which a notice may have ended and still counts: it does for
/// as long again as it ran. Clients not processed by then are notified anew.
fn lapse(length: Period, today: NaiveDate) -> NaiveDate {
    length.before(today).unwrap_or(NaiveDate::MIN)
}

fn reason(scope: Scope, plan: &Plan, length: Period) -> String {
    let lapsed = lapse(length, scope.today.day);
    format!(
        "INSERT INTO lethe_reasons (n, place, reason) SELECT b.n, {}, CASE WHEN t.until IS NULL THEN '{NOTICE}' \
         ELSE '{NOTICE} until ' || t.until END FROM lethe_batch AS b LEFT JOIN lethe_notices AS t ON t.client_key = b.key \
         AND t.ended_at IS NULL AND (t.until IS NULL OR t.until >= '{lapsed}') \
         WHERE b.state IS NULL AND (t.until IS NULL OR t.until >= '{}')",
        plan.guards.len() + 1,
        scope.today
    )
}

fn record(lapsed: NaiveDate) -> [String; 4] {
    [
        format!(
            "UPDATE lethe_notices SET ended_at = $2, ended_by = (SELECT b.state FROM lethe_batch AS b WHERE b.key = lethe_notices.client_key) \
             WHERE ended_at IS NULL AND sweep <= $1 AND client_key IN (SELECT b.key FROM lethe_batch AS b WHERE \
             b.state IN ('anonymized', 'already', 'not_due', 'not_found') OR (b.state = 'refused' AND NOT ({BY_NOTICE})))"
        ),
        format!(
            "UPDATE lethe_notices SET ended_at = $2, ended_by = 'lapsed' WHERE ended_at IS NULL AND sweep < $1 AND until < '{lapsed}' \
             AND client_key IN (SELECT b.key FROM lethe_batch AS b WHERE {BY_NOTICE})"
        ),
        format!(
            "UPDATE lethe_notices SET seen = $1 WHERE ended_at IS NULL AND asked_at <= $2 AND client_key IN \
             (SELECT b.key FROM lethe_batch AS b WHERE b.state = 'failed' OR ({BY_NOTICE}))"
        ),
        format!(
            "INSERT INTO lethe_notices (client_key, sweep, asked_at, seen) SELECT b.key, $1, $2, $1 FROM lethe_batch AS b \
             WHERE {BY_NOTICE} AND NOT EXISTS (SELECT 1 FROM lethe_notices AS t WHERE t.client_key = b.key \
             AND (t.ended_at IS NULL OR t.sweep = $1))"
        ),
    ]
}

fn tell(dialect: Dialect) -> String {
    let begun = "EXISTS (SELECT 1 FROM lethe_notices AS t WHERE t.client_key = b.key AND t.sweep = $1 AND t.asked_at = $2 \
                 AND t.ended_at IS NULL)";
    batch_messages(dialect, begun)
}
