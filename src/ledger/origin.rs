//! Which database this is, and what an operator decided about its journal.

use super::{Beginning, Ledger, ROTATED};
use crate::database::{StoreError, UNKNOWN};

impl Ledger {
    /// Tells this database from others, also from copies of it. See `docs/decisions/020-origin.md`.
    pub async fn database_identity(&self) -> Result<String, StoreError> {
        Ok(serde_json::json!(self.store.identity().await?).to_string())
    }

    /// Notes who keeps a journal that a program of version 0.1 began.
    pub async fn complete_journal(&self, by: &Beginning) -> Result<(), StoreError> {
        sql!(query, "journal/complete", &by.ledger, &by.database, &by.key_mark).run(self).await
    }

    /// An operator says that this database is the journal's, and that its segments up to this one count.
    pub async fn adopt_journal(&self, database: &str, segment: i64) -> Result<(), StoreError> {
        sql!(query, "journal/adopt", database, segment).run(self).await
    }

    /// Notes for all processes that a copy of this database has written the segment behind this one, or that it is gone.
    pub async fn note_copy(&self, segment: i64, is_there: bool) -> Result<(), StoreError> {
        sql!(query, "journal/note_copy", segment, i64::from(is_there)).run(self).await
    }

    /// An operator says that the replay may exceed the brake.
    pub async fn confirm_replay(&self) -> Result<(), StoreError> {
        sql!(query, "journal/confirm_replay").run(self).await
    }

    /// Has the journal go on under another key, once what waits now is written.
    pub async fn rotate_key(&self, mark: &str) -> Result<(), StoreError> {
        sql!(query, "journal/rotate_key", mark, ROTATED, self.now()).run(self).await
    }

    /// Whether a change to the key with this fingerprint waits to be written.
    pub async fn rotates_to(&self, mark: &str) -> Result<bool, StoreError> {
        sql!(query_scalar, "journal/rotates_to", ROTATED, mark).fetch_one(self.readers()).await
    }
}

/// Whether two identities are of one database.
///
/// A file is the same where its number and path are, on whatever machine; or
/// where one of them is and the machine is not another: a backup that is moved
/// to the path of the database is that database again.
pub fn is_same(one: &str, other: &str) -> bool {
    let parts = |identity: &str| serde_json::from_str::<Vec<String>>(identity).ok();
    let (Some(one), Some(other)) = (parts(one), parts(other)) else { return false };
    let alike = |at: usize| one.get(at) == other.get(at);
    let unknown = |at: usize| [&one, &other].iter().any(|own| own.get(at).is_some_and(|part| part == UNKNOWN));
    match (one.len(), other.len()) {
        (2, 2) => alike(1) && (alike(0) || unknown(0)),
        (3, 3) => alike(1) && alike(2) || (alike(1) || alike(2)) && (alike(0) || unknown(0)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn a_file_that_came_back_is_the_same_and_a_copy_is_not() {
        let file = |machine: &str, number: &str, path: &str| serde_json::json!([machine, number, path]).to_string();
        let own = file("m1", "1:7", "/srv/db");
        for same in [
            file("m1", "1:9", "/srv/db"),
            file("m1", "1:7", "/srv/old"),
            file("m2", "1:7", "/srv/db"),
            file("?", "1:9", "/srv/db"),
        ] {
            assert!(is_same(&own, &same), "{same}");
        }
        for other in [file("m1", "1:9", "/srv/copy"), file("m2", "1:9", "/srv/db"), file("m2", "1:7", "/srv/copy")] {
            assert!(!is_same(&own, &other), "{other}");
        }
    }

    #[test]
    fn a_database_of_a_server_is_known_by_its_oid_where_the_system_is_hidden() {
        assert!(is_same(r#"["7","5"]"#, r#"["?","5"]"#));
        assert!(!is_same(r#"["7","5"]"#, r#"["8","5"]"#));
        assert!(!is_same(r#"["?","5"]"#, r#"["?","6"]"#));
    }
}
