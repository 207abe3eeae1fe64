//! Room on the disk of an `SQLite` database for its write-ahead log.

use std::path::Path;

use super::Store;

impl Store {
    /// Empties the write-ahead log when it takes more than a quarter of the room that there would be without it.
    /// Returns whether there is room for more: with the log at half of that room, the application's writes go first.
    pub async fn has_room(&self) -> bool {
        let Some((log, room)) = self.log_and_room() else { return true };
        if log <= room / 4 {
            return true;
        }
        // Readers may be in the way; then it is tried again before the next batch.
        self.checkpoint().await.is_ok_and(|is_empty| is_empty)
            || self.log_and_room().is_none_or(|(log, room)| log <= room / 2)
    }

    /// Bytes of the write-ahead log, and of room for it; `None` where there is no such file, as on a server.
    fn log_and_room(&self) -> Option<(u64, u64)> {
        let log = std::fs::metadata(format!("{}-wal", self.place())).ok()?.len();
        let disk = rustix::fs::statvfs(Path::new(self.place())).ok()?;
        Some((log, log.saturating_add(disk.f_bavail.saturating_mul(disk.f_frsize))))
    }
}
