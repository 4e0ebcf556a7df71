//! Services with their traffic: one row a service.

use super::View;
use crate::app::list::{Cell, Column, Row, RowId, Table, Tone, Value};
use crate::mesh::Kind;
use crate::mesh::inventory::ServiceInfo;

const COLUMNS: &[Column] = &[
    Column::words("NAMESPACE", (9, 24)).rank(4).sorted_by('S').unless_same(),
    Column::words("NAME", (12, 44)).sorted_by('N'),
    Column::words("TYPE", (9, 12)).rank(5),
    Column::numbers("PODS", 6).sorted_by('A').ascending(),
    Column::numbers("REQ/S", 8).sorted_by('R'),
    Column::numbers("ERR%", 6).sorted_by('E'),
    Column::numbers("P50", 7).rank(2).sorted_by('M'),
    Column::numbers("P95", 7).sorted_by('Q'),
    Column::numbers("P99", 7).rank(3),
    Column::numbers("TCP/S", 8).rank(3).sorted_by('B'),
    Column::numbers("MTLS", 5).rank(2),
    Column::words("PORTS", (9, 28)).rank(6),
    Column::numbers("AGE", 5).rank(1).sorted_by('O').ascending(),
];

pub(super) fn table(view: &View<'_>) -> Table {
    let services = view.inventory.services.values();
    let rows = services
        .filter(|info| view.in_scope(&info.key.namespace))
        .map(|info| row(view, info))
        .collect();
    Table::new(
        COLUMNS,
        rows,
        view.data_with_numbers(Kind::Service),
        format!("no services {}", view.place()),
    )
}

fn row(view: &View<'_>, info: &ServiceInfo) -> Row {
    let traffic = view.traffic.services.get(&info.key).copied().unwrap_or_default();
    let latency = traffic.latency;
    let mtls = traffic.mtls_percent();
    let plain_text = mtls.is_some_and(|percent| percent < 99.95);
    let cells = vec![
        Cell::shared(&info.key.namespace).toned(Tone::Dim),
        Cell::shared(&info.key.name).toned(Tone::Strong),
        Cell::text(info.kind).toned(Tone::Dim),
        Cell::ready(info.pods),
        Value::rate(traffic.rate).into(),
        Cell::errors(traffic.error_percent()),
        Value::millis(latency.p50).into(),
        Value::millis(latency.p95).into(),
        Value::millis(latency.p99).into(),
        traffic.tcp.map_or(Value::Missing, Value::Bytes).into(),
        Cell::new(Value::percent(mtls), if plain_text { Tone::Warn } else { Tone::Text }),
        Cell::text(&info.ports.join(",")).toned(Tone::Dim),
        Cell::new(Value::when(info.created), Tone::Dim),
    ];
    let problem = (info.pods.ready < info.pods.total)
        || traffic.error_percent().is_some_and(|percent| percent >= 0.1);
    Row { id: RowId::Service(info.key.clone()), cells, problem, note: None }
}
