//! The log: lines on stderr. A thread of its own writes them, so that a reader that is slow or gone, or a full
//! disk, neither holds up nor ends the work. Lines that cannot be written are dropped and counted.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::Cli;
use crate::domain::text::is_coloured;

/// Lines that may wait to be written.
const WAITING: usize = 4096;
/// How long the program waits at its end for the last lines.
const LAST: Duration = Duration::from_secs(1);

static LINES: OnceLock<SyncSender<Entry>> = OnceLock::new();
/// Lines lost since the last that was written.
static LOST: AtomicU64 = AtomicU64::new(0);

enum Entry {
    Line(Vec<u8>),
    /// Answered once everything before it is written.
    Flush(SyncSender<()>),
}

/// Logs to stderr from now on; `LETHE_LOG` filters, and `--json` makes it JSON.
pub fn begin(cli: &Cli) {
    let (sender, entries) = sync_channel(WAITING);
    if LINES.set(sender).is_err() {
        return;
    }
    std::thread::spawn(move || write(&entries));
    let default = if cli.is_service() { "lethe=info,warn" } else { "lethe=error,error" };
    let filter = EnvFilter::try_from_env("LETHE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Lines)
        .with_target(false)
        .log_internal_errors(false);
    if cli.is_json() {
        builder.json().init();
    } else {
        builder.with_ansi(is_coloured(&std::io::stderr())).init();
    }
}

/// Waits until everything logged so far is written, for a second at most.
pub fn flush() {
    let (done, is_done) = sync_channel(1);
    if LINES.get().is_some_and(|lines| lines.try_send(Entry::Flush(done)).is_ok()) {
        let _ = is_done.recv_timeout(LAST);
    }
}

/// Takes one line at a time.
struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if LINES.get().is_some_and(|lines| lines.try_send(Entry::Line(line.to_vec())).is_err()) {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write(entries: &Receiver<Entry>) {
    let mut stderr = std::io::stderr();
    for entry in entries {
        let line = match entry {
            Entry::Line(line) => line,
            Entry::Flush(done) => {
                let _ = done.try_send(());
                continue;
            }
        };
        if stderr.write_all(&line).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        match LOST.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => tracing::warn!(lines, "lines of the log were lost: stderr did not take them"),
        }
    }
}
