//! The graph as a call tree: one row a call, indented under its caller.

use std::sync::Arc;

use super::View;
use crate::app::list::{Cell, Column, Data, Row, RowId, Table, Tone, Value};
use crate::layout::tree::{self, TreeRow};
use crate::mesh::graph::{Graph, Health, Unit};
use crate::mesh::telemetry::Part;
use crate::mesh::{SourceState, Trouble};

const COLUMNS: &[Column] = &[
    Column::words("CALLS", (32, 64)),
    Column::numbers("SHARE%", 6).rank(1),
    Column::numbers("RATE/S", 8),
    Column::numbers("ERR%", 6),
    Column::numbers("P50", 7).rank(5),
    Column::numbers("P95", 7).rank(2),
    Column::numbers("P99", 7).rank(4),
    Column::numbers("MTLS%", 5).rank(3),
];

pub(super) fn table(view: &View<'_>, graph: &Graph) -> Table {
    let mut path: Vec<Arc<str>> = Vec::new();
    let rows = tree::rows(graph).iter().map(|row| self::row(row, &mut path)).collect();
    let none = format!("no traffic {} within the window", view.place());
    Table::new(COLUMNS, rows, data(view), none)
}

/// Whether telemetry is there: without it there are no calls to show.
fn data(view: &View<'_>) -> Data {
    let prometheus = &view.snapshot.prometheus;
    let kubernetes = &view.snapshot.kubernetes;
    // Without the cluster the boxes are as they were last seen. A right that is missing is told
    // where its data would be.
    let away = kubernetes.trouble.as_ref().filter(|_| kubernetes.state == SourceState::Unavailable);
    match (&view.snapshot.telemetry, &prometheus.trouble) {
        (Some(telemetry), _) => match &telemetry.requests {
            Part::Failed(trouble) => Data::Failed(trouble.clone()),
            Part::Rows(_) | Part::Absent => {
                let missing = prometheus.trouble.as_ref().or(away).cloned();
                Data::Loaded(missing.or_else(|| view.numbers_trouble()))
            }
        },
        (None, Some(trouble)) => Data::Failed(trouble.clone()),
        (None, None) if prometheus.state == SourceState::Disabled => Data::Failed(Trouble::new(
            "show traffic",
            "telemetry was turned off (--no-metrics)",
            "start without --no-metrics",
        )),
        (None, None) => Data::Waiting,
    }
}

fn row(row: &TreeRow, path: &mut Vec<Arc<str>>) -> Row {
    // The way from the root tells rows of the same node apart, and survives a refresh.
    path.truncate(row.depth.into());
    path.push(Arc::clone(&row.node));
    let call = &row.call;
    let rate = match (call.rate, call.unit) {
        (Some(rate), Unit::Bytes) => Value::Bytes(rate),
        (rate, _) => Value::rate(rate),
    };
    let latency = call.latency_ms.unwrap_or_default();
    let worst = row.health.max(call.health);
    let tone = if worst > Health::Healthy { Tone::from(worst) } else { Tone::Text };
    let plain = call.mtls_percent.is_some_and(|percent| percent < 99.95);
    let cells = vec![
        Cell::text(&row.label()).toned(tone),
        Value::percent(call.share_percent).into(),
        rate.into(),
        Cell::errors(call.error_percent),
        Value::millis(latency.p50).into(),
        Value::millis(latency.p95).into(),
        Value::millis(latency.p99).into(),
        Cell::new(Value::percent(call.mtls_percent), if plain { Tone::Warn } else { Tone::Dim }),
    ];
    let problem = worst > Health::Healthy;
    let id = RowId::Node(Arc::clone(&row.node), path.join(">").into());
    Row { id, cells, problem, note: None }
}
