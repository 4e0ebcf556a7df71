//! `vigla split`: configured weights beside observed shares.

use std::fmt::Write;

use super::table::{Table, maybe};
use crate::mesh::split::{SplitVersion, SplitView};
use crate::mesh::words;

/// Cells of a whole bar.
const BAR: usize = 20;

/// A service's split as a table with a bar for each share, and the verdict below it.
pub fn table(view: &SplitView, ascii: bool) -> String {
    let mut table = Table::new(&[
        "VERSION",
        "SUBSET",
        "CONFIGURED",
        "OBSERVED",
        "",
        "REQUESTS",
        "REQ/S",
        "ERR%",
        "P95",
        "PODS",
    ]);
    for version in &view.versions {
        let name = version.version.as_ref().or_else(|| version.workloads.first());
        table.row(vec![
            maybe(name, ToString::to_string),
            maybe(version.subset.as_ref(), ToString::to_string),
            maybe(version.configured_percent, words::percent),
            maybe(version.observed_percent, words::percent),
            bar(version, ascii),
            maybe(version.requests, |n| n.to_string()),
            maybe(version.rate, words::rate),
            maybe(version.error_percent, words::percent),
            maybe(version.latency_ms.and_then(|latency| latency.p95), words::millis),
            format!("{}/{}", version.pods.ready, version.pods.total),
        ]);
    }
    let rule = view.source_rule.as_ref().map_or_else(
        || "no rule sets weights".to_owned(),
        |rule| format!("weights from {} {}", rule.kind, rule.key),
    );
    let mut text = format!("{}  {rule}\n\n{}", view.service, table.print());
    if let Some(requests) = view.unrouted.requests.filter(|requests| *requests > 0) {
        let _ = writeln!(text, "no version served {requests} requests");
    }
    let _ = writeln!(text, "\n{}", view.explanation);
    text
}

/// The observed share as a bar, with a mark where the configured weight ends.
pub fn bar(version: &SplitVersion, ascii: bool) -> String {
    let (full, empty, mark) = if ascii { ('#', '.', '|') } else { ('█', '░', '┃') };
    let cells = |percent: f64| (percent / 100.0 * BAR as f64).round() as usize;
    let Some(observed) = version.observed_percent else { return String::new() };
    let filled = cells(observed);
    let target = version.configured_percent.map(cells).map(|at| at.clamp(1, BAR) - 1);
    (0..BAR)
        .map(|cell| match cell {
            cell if Some(cell) == target && version.configured_percent != Some(0.0) => mark,
            cell if cell < filled => full,
            _ => empty,
        })
        .collect()
}
