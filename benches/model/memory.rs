//! Memory that the program itself takes for a sweep, at several sizes: the real
//! program in a process of its own, with a small page cache for SQLite.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use lethe::demo::Size;

use crate::Options;
use crate::company::{self, company, copy, remove};

/// SQLite's page cache of the writing connection, in MiB.
const CACHE_MIB: u32 = 4;
/// How often the process is looked at; the operating system keeps its peak anyway.
const LOOK: Duration = Duration::from_millis(5);

/// What the process had at most, in MiB.
#[derive(Debug, Clone, Copy, Default)]
pub struct Peak {
    /// Everything resident, pages of files and of the program included.
    pub resident: f64,
    /// What it asked for itself: heap, stacks, and SQLite's cache.
    pub anonymous: f64,
}

pub async fn measure(options: &Options) {
    println!("\nMemory: a due sweep of three in ten clients, in MiB, with {CACHE_MIB} MiB of page cache");
    let mut peaks = Vec::new();
    for clients in options.sizes() {
        let size = Size { due: clients * 3 / 10, ..Size::model(clients) };
        let made = company(&format!("speed-{clients}"), &size, options.fresh).await;
        let path = copy(&made);
        let peak = watch(&path, options.batch_size);
        println!(
            "  {clients:>9} clients: {:.1} resident, {:.1} of it anonymous, {:.1} without the page cache",
            peak.resident,
            peak.anonymous,
            peak.anonymous - f64::from(CACHE_MIB)
        );
        peaks.push(peak);
        remove(&path);
    }
    let own = |peak: &Peak| peak.anonymous - f64::from(CACHE_MIB);
    if let [.., before, last] = peaks.as_slice() {
        println!("  the last over the one before, without the page cache: {:.2}", own(last) / own(before));
    }
}

fn watch(database: &Path, batch_size: usize) -> Peak {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lethe"))
        .args(["--config", "there-is-none.toml", "sweep", "--due", "--wait"])
        .env("LETHE_DATABASE", database)
        .env("LETHE_POLICY", company::policy())
        .env("LETHE_SQLITE__CACHE_MIB", CACHE_MIB.to_string())
        .env("LETHE_SWEEP__BATCH_SIZE", batch_size.to_string())
        .env("LETHE_SWEEP__BRAKE_SHARE", "1")
        .env("LETHE_SWEEP__REHEARSAL", "false")
        .env("LETHE_BACKUP__REQUIRED", "false")
        .current_dir(company::folder())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut peak = Peak::default();
    let status = loop {
        look(program.id(), &mut peak);
        if let Some(status) = program.try_wait().expect("the program can be waited for") {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    assert!(status.success(), "the sweep ended with {status}");
    peak
}

/// Reads what Linux tells about a process that runs.
pub fn look(process: u32, peak: &mut Peak) {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else { return };
    let mib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u32 = line.trim_start_matches(':').split_whitespace().next()?.parse().ok()?;
        Some(f64::from(kib) / 1024.0)
    };
    peak.resident = peak.resident.max(mib("VmHWM").unwrap_or_default());
    peak.anonymous = peak.anonymous.max(mib("RssAnon").unwrap_or_default());
}
