//! Parses the command line, runs it, and renders what went wrong.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use lethe::cli::{Cli, execute};
use tracing_subscriber::EnvFilter;

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
            if code > 0 && std::env::args_os().any(|own| own == "--json") {
                lethe::cli::usage(&error).print(true);
            } else {
                let _ = error.print();
            }
            return ExitCode::from(code);
        }
    };
    let json = cli.is_json();
    log(&cli);
    // A panic's own message could quote data: say only where it was.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!(place, "a fault of the program");
    }));
    let ended = execute(cli).await;
    lethe::traces::end();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(json);
            ExitCode::from(failure.code)
        }
    }
}

/// Logs go to stderr; `LETHE_LOG` filters them, and `--json` makes them JSON.
fn log(cli: &Cli) {
    let default = if cli.is_service() { "lethe=info,warn" } else { "lethe=error,error" };
    let filter = EnvFilter::try_from_env("LETHE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if cli.is_json() {
        builder.json().init();
    } else {
        builder.with_ansi(std::io::stderr().is_terminal()).init();
    }
}
