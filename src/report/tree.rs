//! The graph as a call tree in text.

use super::table::{Table, maybe};
use crate::layout::tree;
use crate::mesh::graph::{Graph, Throughput, Unit};
use crate::mesh::words;

/// One row a call, indented under its caller; ASCII guides and signs if asked for. Throughput has
/// a column where it was asked for.
pub fn table(graph: &Graph, ascii: bool) -> String {
    let rows = tree::rows(graph);
    let weighed = rows.iter().any(|row| row.call.throughput.is_some());
    let mut headers = vec!["CALLS", "SHARE", "RATE", "ERR%", "P50", "P95", "P99", "MTLS"];
    headers.extend(weighed.then_some("THROUGHPUT"));
    let mut table = Table::new(&headers);
    for row in &rows {
        let call = &row.call;
        let latency = call.latency_ms.unwrap_or_default();
        let rate = |rate| match call.unit {
            Unit::Bytes => format!("{}/s", words::bytes(rate)),
            _ => format!("{}/s", words::rate(rate)),
        };
        let mut cells = vec![
            row.label(),
            maybe(call.share_percent, words::percent),
            maybe(call.rate, rate),
            maybe(call.error_percent, words::percent),
            maybe(latency.p50, words::millis),
            maybe(latency.p95, words::millis),
            maybe(latency.p99, words::millis),
            maybe(call.mtls_percent, words::percent),
        ];
        if weighed {
            let bytes = call.throughput.and_then(Throughput::total);
            cells.push(maybe(bytes, |bytes| format!("{}/s", words::bytes(bytes))));
        }
        table.row(cells);
    }
    let text = table.print();
    if ascii { text.chars().map(plain).collect() } else { text }
}

/// The letter of the same width in ASCII; names keep theirs.
fn plain(letter: char) -> char {
    match letter {
        '│' => '|',
        '├' | '└' => '`',
        '─' | '–' => '-',
        '◆' => '#',
        '●' => '*',
        '▲' => '!',
        '✕' => 'x',
        '○' => 'o',
        other => other,
    }
}
