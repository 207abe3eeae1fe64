//! Measures Lethe on made-up companies, and prints ratios: a time depends on
//! the machine and on what else it does, a ratio of two runs of the same
//! minute hardly does.
//!
//! `cargo bench --bench model` runs everything, `cargo bench --bench model --
//! speed` one part. Its parts:
//!
//! - `speed`: Lethe's due sweep against a hand-written script, same work.
//! - `memory`: what the program takes, at three sizes up to `--clients`.
//! - `night`: a night with 1,000 clients due, at the same sizes.
//! - `postgres`: the same on the server that `LETHE_BENCH_POSTGRES` names (a
//!   URL of a superuser), with one and two connections, and against a worker
//!   that takes one client a transaction; left out where none is named.
//! - `application`: what an application on that server notices of a sweep; only
//!   when asked for.
//! - `large`: a night in `--clients` clients on that server, who have few rows
//!   each, and in a hundredth of them; only when asked for.
//! - `replay`: a replay over all clients anonymized, on both; only when asked for.
//! - `statements`: where the time of a sweep goes; only when asked for.

mod application;
mod company;
mod large;
mod memory;
mod night;
mod per_client;
mod postgres;
mod readers;
mod replay;
mod server;
mod speed;
mod statements;

use std::process::ExitCode;

/// The allocator of the program itself, for the script too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: cargo bench --bench model -- [speed|memory|night|postgres|application|readers|large|replay|statements] [--clients N] [--rounds N] \
                     [--batch-size N] [--concurrency N] [--only VARIANT,...] [--width CHARACTERS] [--fresh]";

/// What to measure, and how.
pub struct Options {
    part: Option<String>,
    /// Clients of the large company.
    pub clients: u64,
    /// Runs of each variant.
    pub rounds: usize,
    /// Clients in a batch.
    pub batch_size: usize,
    /// Batches worked on at a time, beside an application and in a large company.
    pub concurrency: u16,
    /// Words in the names of the variants to run on a server; all if there is none.
    pub only: Vec<String>,
    /// Characters of a statement that are shown.
    pub width: usize,
    /// Whether companies made in an earlier run are made again.
    pub fresh: bool,
}

impl Options {
    /// The sizes compared. In the smallest company the clients of a night share most
    /// of their pages; what the size itself costs shows between the others.
    #[must_use]
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes = vec![10_000, self.clients / 10, self.clients];
        sizes.retain(|size| *size >= 10_000);
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }
}

/// Reads the arguments; `None` if it was not `cargo bench` that asked.
fn options() -> Result<Option<Options>, String> {
    let mut options = Options {
        part: None,
        clients: 1_000_000,
        rounds: 5,
        batch_size: 1_000,
        concurrency: 1,
        only: Vec::new(),
        width: 160,
        fresh: false,
    };
    let mut is_bench = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--only" {
            let names = arguments.next().ok_or("`--only` takes names")?;
            options.only = names.split(',').map(str::to_owned).collect();
            continue;
        }
        let mut number = || {
            let value = arguments.next().and_then(|value| value.replace('_', "").parse().ok());
            value.filter(|value| *value > 0).ok_or(format!("`{argument}` takes a number above 0"))
        };
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        match argument.as_str() {
            "--bench" => is_bench = true,
            "--clients" => options.clients = number()?,
            "--rounds" => options.rounds = size(number()?),
            "--batch-size" => options.batch_size = size(number()?),
            "--concurrency" => options.concurrency = u16::try_from(number()?).unwrap_or(u16::MAX),
            "--width" => options.width = size(number()?),
            "--fresh" => options.fresh = true,
            "speed" | "memory" | "night" | "postgres" | "application" | "readers" | "large" | "replay"
            | "statements" => {
                options.part = Some(argument);
            }
            _ => return Err(format!("`{argument}` is unknown\n{USAGE}")),
        }
    }
    if options.clients < 10_000 {
        return Err("`--clients` should be at least 10000".to_owned());
    }
    // `cargo test --all-targets` runs it without `--bench`: there is nothing to test.
    Ok(is_bench.then_some(options))
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(Some(options)) => options,
        Ok(None) => return ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("{what}");
            return ExitCode::FAILURE;
        }
    };
    company::clean_up();
    let only = |part: &str| options.part.as_deref() == Some(part);
    let wanted = |part: &str| options.part.is_none() || only(part);
    if wanted("speed") {
        speed::measure(&options).await;
    }
    if wanted("memory") {
        memory::measure(&options).await;
    }
    if wanted("night") {
        night::measure(&options).await;
    }
    match postgres::server() {
        Some(server) if wanted("postgres") => server::measure(&options, &server).await,
        Some(server) if only("application") => application::measure(&options, &server).await,
        Some(server) if only("readers") => readers::measure(&options, &server).await,
        Some(server) if only("large") => large::measure(&options, &server).await,
        None if only("postgres") || only("application") || only("readers") || only("large") => {
            eprintln!("`LETHE_BENCH_POSTGRES` names no server");
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    if only("replay") {
        replay::measure(&options).await;
    }
    if only("statements") {
        statements::measure(&options).await;
    }
    ExitCode::SUCCESS
}
