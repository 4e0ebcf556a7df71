//! The overview: one row a namespace.

use std::sync::Arc;

use super::View;
use crate::app::list::{Cell, Column, Row, RowId, Table, Tone, Value};
use crate::mesh::findings::Counts;
use crate::mesh::inventory::NamespaceInfo;
use crate::mesh::inventory::injection::NamespaceInjection;
use crate::mesh::{Kind, Ready};

const COLUMNS: &[Column] = &[
    Column::words("NAMESPACE", (10, 40)).sorted_by('N'),
    Column::words("INJECTION", (9, 16)).rank(2),
    Column::numbers("PODS", 7).sorted_by('A').ascending(),
    Column::numbers("MESHED", 7).sorted_by('M').ascending(),
    Column::numbers("SERVICES", 8).rank(1).sorted_by('V'),
    Column::numbers("REQ/S", 8).sorted_by('R'),
    Column::numbers("ERR%", 6).sorted_by('E'),
    Column::numbers("P95", 7).sorted_by('Q'),
    Column::numbers("TCP/S", 8).rank(3).sorted_by('B'),
    Column::numbers("FINDINGS", 8).sorted_by('F'),
];

pub(super) fn table(view: &View<'_>) -> Table {
    let shown = view.inventory.namespaces.values().filter(|info| view.in_scope(&info.name));
    let rows = shown.map(|info| row(view, info)).collect();
    // Namespaces are known by their pods where listing them is not allowed.
    Table::new(
        COLUMNS,
        rows,
        view.data_with_numbers(Kind::Pod),
        format!("nothing {}", view.place()),
    )
}

fn row(view: &View<'_>, info: &NamespaceInfo) -> Row {
    let traffic = view.traffic.namespaces.get(&info.name).copied().unwrap_or_default();
    let services =
        view.inventory.services.keys().filter(|key| key.namespace == info.name).count() as u64;
    let meshed = Ready { ready: info.meshed, total: info.pods.total };
    let expected =
        !matches!(info.injection, NamespaceInjection::Unset | NamespaceInjection::Disabled);
    let meshed_tone = match (expected, meshed.ready < meshed.total) {
        (true, true) => Tone::Warn,
        (true, false) => Tone::Text,
        (false, _) => Tone::Dim,
    };
    let cells = vec![
        Cell::shared(&info.name).toned(Tone::Strong),
        Cell::text(&injection(&info.injection)).toned(Tone::Dim),
        Cell::ready(info.pods),
        Cell::new(Value::Ready(meshed), meshed_tone),
        Value::Count(services).into(),
        Value::rate(traffic.rate).into(),
        Cell::errors(traffic.error_percent()),
        Value::millis(traffic.latency.p95).into(),
        traffic.tcp.map_or(Value::Missing, Value::Bytes).into(),
        Cell::findings(Counts::of(view.report.of_namespace(&info.name))),
    ];
    let problem = info.pods.ready < info.pods.total
        || (expected && meshed.ready < meshed.total)
        || traffic.error_percent().is_some_and(|percent| percent >= 0.1);
    Row { id: RowId::Namespace(Arc::clone(&info.name)), cells, problem, note: None }
}

fn injection(injection: &NamespaceInjection) -> String {
    match injection {
        NamespaceInjection::Unset => String::new(),
        NamespaceInjection::Enabled => "enabled".to_owned(),
        NamespaceInjection::Disabled => "disabled".to_owned(),
        NamespaceInjection::Revision(revision) => format!("rev {revision}"),
        NamespaceInjection::Ambient => "ambient".to_owned(),
    }
}
