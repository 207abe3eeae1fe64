//! Messages about the clients of a batch, as deliveries in the ledger.

use crate::domain::dialect::Dialect;

/// Writes messages about the clients with an outcome that they did not have
/// before. `$1` sweep, `$2` moment, `$3` webhook, `$4` type of the message,
/// `$5` the most clients that one names, `$6` outcome.
pub fn tell(dialect: Dialect) -> String {
    // Who is refused because notice was just given is told of the notice.
    batch_messages(dialect, "b.state = $6 AND b.standing = 0 AND COALESCE(b.reasons, '') NOT LIKE '[\"notice%'")
}

/// Writes messages about those clients of a batch for whom a condition on
/// `lethe_batch AS b` holds. `$1` to `$5` as for [`tell`].
pub(super) fn batch_messages(dialect: Dialect, which: &str) -> String {
    let keys = dialect.json_list("c.key", "c.n");
    format!(
        "INSERT INTO lethe_deliveries (kind, target, sweep, clients, event, body, message, state, run_at, made_at) \
         SELECT 'message', $3, $1, count(*), $4, {keys}, {}, 'open', $2, $2 FROM \
         (SELECT b.n, b.key, (row_number() OVER (ORDER BY b.n) - 1) / CAST($5 AS BIGINT) AS part FROM lethe_batch AS b \
         WHERE {which} ORDER BY b.n) AS c GROUP BY c.part",
        dialect.random_name
    )
}
