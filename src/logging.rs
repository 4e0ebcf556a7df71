//! The log: a file, never the screen.
//!
//! Without a file there is no log at all. Lines are written by a thread of their own, so that a
//! slow disk holds nothing up; the returned guard flushes them at the end.

use std::path::{Path, PathBuf};

use tracing::Metadata;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::Level;
use crate::mesh::Trouble;

/// Keeps the log's writer alive; dropping it flushes.
#[derive(Debug, Default)]
#[must_use]
pub struct Logging {
    _guard: Option<WorkerGuard>,
}

/// Starts the log in `file` (created, appended to). `VIGLA_LOG` takes the place of the level,
/// in the syntax of tracing's filters.
///
/// # Errors
/// When the file cannot be opened.
pub fn start(file: &Path, level: Level) -> Result<Logging, Trouble> {
    if file.as_os_str().is_empty() {
        return Ok(Logging::default());
    }
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
    let opened = opened.map_err(|error| {
        Trouble::new(
            format!("open the log {}", file.display()),
            error.to_string(),
            "name a file in a folder that you may write to",
        )
    })?;
    let (writer, guard) = tracing_appender::non_blocking(opened);
    let level = match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
    };
    let filter = EnvFilter::try_from_env("VIGLA_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(writer)
        .with_filter(filter_fn(is_discreet));
    // A second start in one process (a test) keeps the first log.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Ok(Logging { _guard: Some(guard) })
}

/// Whether a line may be written, whatever was asked for: the HTTP libraries write headers, tokens
/// among them, from debug on.
fn is_discreet(line: &Metadata<'_>) -> bool {
    line.target().starts_with("vigla") || *line.level() <= tracing::Level::INFO
}

/// The file to log to: the flag's, else the configuration's.
pub fn file(flag: Option<&PathBuf>, configured: &Path) -> PathBuf {
    flag.cloned().unwrap_or_else(|| configured.to_path_buf())
}
