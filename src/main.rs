//! Parses the command line, runs it, and renders what went wrong.

use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use lethe::cli::{Cli, execute, log};

/// Serves SQLite's page cache too: the system's allocator grows it page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() else {
        eprintln!("error: no threads can be started");
        return ExitCode::from(2);
    };
    let code = runtime.block_on(run());
    // A file that is being deleted, or a server that does not respond, does not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    code
}

async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and the version go to stdout; anything else is the reader's to fix.
            let code = u8::from(error.use_stderr());
            let is_lost = if code > 0 && std::env::args_os().any(|own| own == "--json") {
                lethe::cli::usage(&error).print(true);
                false
            } else {
                error.print().is_err_and(|error| error.kind() != ErrorKind::BrokenPipe)
            };
            return ExitCode::from(code.max(u8::from(is_lost)));
        }
    };
    let json = cli.is_json();
    log::begin(&cli);
    // A panic's own message could quote data: say only where it was.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!(place, "a fault of the program");
        log::flush();
    }));
    let ended = Box::pin(execute(cli)).await;
    lethe::traces::end();
    log::flush();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(json);
            ExitCode::from(failure.code)
        }
    }
}
