//! Every budget, measured and printed beside its limit: `cargo bench --bench budgets`.
//!
//! What goes on inside is measured in this process; what a user sees, through the program in a
//! terminal against embedded worlds in processes of their own. Lines about a real cluster need
//! `VIGLA_TEST_KUBECONFIG` and `VIGLA_TEST_PROMETHEUS_URL`. `VIGLA_BUDGET_SECONDS` says how long
//! an explorer is watched, a word on the command line which parts run (inside, explorer, cluster).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a measurement may panic")]
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::{Duration, Instant};

use mimalloc::MiMalloc;

#[path = "budgets/cluster.rs"]
mod cluster;
#[path = "budgets/explorer.rs"]
mod explorer;
#[path = "../tests/support/graphs.rs"]
#[expect(dead_code, reason = "the tests draw more graphs")]
mod graphs;
#[path = "budgets/inside.rs"]
mod inside;
#[path = "support/mesh.rs"]
mod mesh;
#[path = "support/process.rs"]
mod process;
#[path = "../tests/support/pty.rs"]
#[expect(dead_code, reason = "the tests signal and resize too")]
mod pty;
#[path = "support/world.rs"]
#[expect(dead_code, reason = "the soak deletes pods too")]
mod world;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    println!("{:<72} {:>12} {:>12}", "WHAT", "MEASURED", "BUDGET");
    if wants("inside") {
        inside::measure();
    }
    if wants("explorer") {
        explorer::measure();
    }
    if wants("cluster") {
        cluster::measure();
    }
}

/// Prints a figure beside the most that it may be.
fn line(what: &str, measured: f64, most: f64, unit: &str) {
    let verdict = if measured <= most { "ok" } else { "OVER" };
    let figure = |number: f64| {
        let decimals = if number.abs() < 10.0 && number.fract() != 0.0 { 2 } else { 0 };
        format!("{number:.decimals$} {unit}")
    };
    println!("{what:<72} {:>12} {:>12}  {verdict}", figure(measured), figure(most));
}

fn skipped(what: &str, why: &str) {
    println!("{what:<72} skipped: {why}");
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The middle one of several runs, and what the last of them made.
fn median<T>(runs: usize, mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut times = Vec::new();
    let mut last = None;
    for _ in 0..runs {
        let began = Instant::now();
        let made = run();
        times.push(began.elapsed());
        last = Some(made);
    }
    times.sort();
    (times[runs / 2], last.unwrap())
}

/// How long an explorer is watched.
fn watched() -> Duration {
    let seconds = std::env::var("VIGLA_BUDGET_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}
