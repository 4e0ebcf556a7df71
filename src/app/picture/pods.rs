//! Pods as kubectl prints them, with what stands beside the application.

use std::sync::Arc;

use super::View;
use crate::app::list::{Cell, Column, Row, RowId, Table, Tone, Value};
use crate::mesh::inventory::{PodInfo, Sidecar};
use crate::mesh::{Kind, Ready, harmless};

const COLUMNS: &[Column] = &[
    Column::words("NAMESPACE", (9, 24)).rank(4).sorted_by('S').unless_same(),
    Column::words("NAME", (34, 60)).sorted_by('N'),
    Column::numbers("READY", 5).sorted_by('A').ascending(),
    Column::words("STATUS", (7, 20)).sorted_by('T'),
    Column::numbers("RESTARTS", 8).rank(1).sorted_by('R'),
    Column::words("SIDECAR", (7, 9)).sorted_by('C'),
    Column::words("VERSION", (7, 12)).rank(2).sorted_by('V'),
    Column::words("PROXY", (6, 10)).rank(5),
    Column::words("IP", (9, 15)).rank(7),
    Column::words("NODE", (8, 30)).rank(6),
    Column::numbers("AGE", 5).sorted_by('O').ascending(),
];

pub(super) fn table(view: &View<'_>) -> Table {
    let pods = view.inventory.pods.values();
    let rows =
        pods.filter(|pod| view.in_scope(&pod.key.namespace)).map(|pod| row(view, pod)).collect();
    Table::new(COLUMNS, rows, view.data(Kind::Pod), format!("no pods {}", view.place()))
}

fn row(view: &View<'_>, pod: &PodInfo) -> Row {
    let (status, trouble) = match pod.status.as_str() {
        "Running" if pod.ready => (Tone::Good, false),
        "Completed" => (Tone::Dim, false),
        "Running" | "Terminating" | "ContainerCreating" | "PodInitializing" | "Pending" => {
            (Tone::Warn, true)
        }
        _ => (Tone::Bad, true),
    };
    let (sidecar, unmeshed) = match pod.sidecar {
        Sidecar::Ready | Sidecar::Native | Sidecar::Ambient => (Tone::Text, false),
        Sidecar::None => (Tone::Dim, false),
        Sidecar::NotReady => (Tone::Warn, true),
        Sidecar::Missing => (Tone::Bad, true),
    };
    let containers = Ready { ready: pod.ready_containers, total: pod.total_containers };
    let cells = vec![
        Cell::shared(&pod.key.namespace).toned(Tone::Dim),
        Cell::shared(&pod.key.name).toned(Tone::Strong),
        if pod.finished {
            Cell::ready(containers).toned(Tone::Dim)
        } else {
            Cell::ready(containers)
        },
        Cell::text(&pod.status).toned(status),
        Cell::new(
            Value::Count(pod.restarts.into()),
            if pod.restarts > 0 { Tone::Warn } else { Tone::Dim },
        ),
        Cell::text(word(pod)).toned(sidecar),
        pod.version.as_ref().map(Cell::shared).unwrap_or_default(),
        pod.proxy_version.as_ref().map(Cell::shared).unwrap_or_default().toned(Tone::Dim),
        Cell::shared(&pod.ip).toned(Tone::Dim),
        Cell::shared(&pod.node).toned(Tone::Dim),
        Cell::new(Value::when(pod.created), Tone::Dim),
    ];
    let note = note(view, pod);
    Row { id: RowId::Pod(pod.key.clone()), cells, problem: trouble || unmeshed, note }
}

/// Why a pod is not ready: the reason behind its status, else what its condition says.
fn note(view: &View<'_>, pod: &PodInfo) -> Option<Arc<str>> {
    if !pod.reason.is_empty() {
        return Some(harmless::line(&pod.reason).into());
    }
    if pod.ready || pod.finished {
        return None;
    }
    let conditions = &view.snapshot.objects.pods.get(&pod.key)?.status.conditions;
    let ready = conditions.iter().find(|condition| condition.kind == "Ready")?;
    (!ready.message.is_empty()).then(|| harmless::line(&ready.message).into())
}

/// What the sidecar column says; a gateway's proxy is the application itself.
fn word(pod: &PodInfo) -> &'static str {
    match pod.sidecar {
        _ if pod.gateway => "gateway",
        _ if pod.waypoint => "waypoint",
        Sidecar::NotReady => "not ready",
        other => other.word(),
    }
}
