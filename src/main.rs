//! The program: parse, install hooks, run, exit code.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use vigla::cli::Cli;
use vigla::command::{self, Exit};

/// The explorer runs for nights on several threads: memory freed on one of them must serve the
/// others, or go back to the system.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, anything else is wrong usage.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
            let _ = error.print();
            return ExitCode::from(exit as u8);
        }
    };
    // It fails only where a hook is installed already; the program runs without, too.
    let _ = color_eyre::install();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let trouble = vigla::mesh::Trouble::new("start", error.to_string(), "");
            command::tell("error", &trouble);
            return ExitCode::from(Exit::Failed as u8);
        }
    };
    let outcome = runtime.block_on(command::run(cli));
    // Tasks that still wait for somebody's answer must not hold the exit up.
    runtime.shutdown_background();
    let exit = outcome.unwrap_or_else(|failure| {
        command::tell("error", &failure.trouble);
        failure.exit
    });
    ExitCode::from(exit as u8)
}
