//! What a process uses, as the system tells it.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

/// The program that is measured: the one built with the benches, or that of
/// `VIGLA_BENCH_PROGRAM`.
pub(crate) fn program() -> String {
    std::env::var("VIGLA_BENCH_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_vigla").to_owned())
}

/// Of a process, at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) at: Instant,
    /// Resident memory in bytes.
    pub(crate) memory: u64,
    /// Time on a processor since the process began.
    pub(crate) busy: Duration,
    pub(crate) threads: u64,
}

impl Usage {
    /// Reads `/proc`; none where there is no such process, or no `/proc`.
    pub(crate) fn of(process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in brackets, may hold spaces; user and system time are fields 14 and 15, in
        // hundredths of a second.
        let (_, rest) = stat.rsplit_once(") ")?;
        let ticks: u64 =
            rest.split(' ').skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
        Some(Self {
            at: Instant::now(),
            memory: field("VmRSS:")? * 1024,
            busy: Duration::from_millis(ticks * 10),
            threads: field("Threads:")?,
        })
    }

    /// Percent of one core since an earlier moment.
    pub(crate) fn core_percent(&self, since: &Self) -> f64 {
        let passed = self.at.duration_since(since.at).as_secs_f64();
        (self.busy.saturating_sub(since.busy)).as_secs_f64() / passed.max(0.001) * 100.0
    }

    pub(crate) fn megabytes(&self) -> f64 {
        self.memory as f64 / 1_048_576.0
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} MB, {:.1} s busy, {} threads",
            self.megabytes(),
            self.busy.as_secs_f64(),
            self.threads
        )
    }
}
