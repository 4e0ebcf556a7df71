//! Splits: one row a version of a service, configured beside observed.

use super::View;
use crate::app::list::{Cell, Column, Data, Row, RowId, Table, Tone, Value};
use crate::mesh::inventory::Inventory;
use crate::mesh::split::verdict::Limits;
use crate::mesh::split::{self, SplitVersion, SplitView, Verdict};
use crate::mesh::telemetry::Part;
use crate::mesh::{Kind, MeshSnapshot};
use crate::report;

const COLUMNS: &[Column] = &[
    Column::words("SERVICE", (12, 40)).sorted_by('N'),
    Column::words("VERSION", (7, 24)),
    Column::numbers("CONF%", 6).sorted_by('C'),
    Column::numbers("OBS%", 6).sorted_by('O'),
    Column::words("SHARE", (20, 20)).rank(2),
    Column::numbers("REQS", 7).rank(1).sorted_by('R'),
    Column::numbers("REQ/S", 7).rank(3),
    Column::numbers("ERR%", 6).sorted_by('E'),
    Column::numbers("P95", 7).rank(4).sorted_by('Q'),
    Column::numbers("PODS", 5).ascending(),
    Column::words("VERDICT", (8, 22)).rank(1),
];

/// Splits with their verdicts, once counts are there (they are asked for while the screen is open).
pub(super) fn views(
    snapshot: &MeshSnapshot,
    inventory: &Inventory,
    limits: Limits,
) -> Option<Vec<SplitView>> {
    match snapshot.telemetry.as_ref()?.counts {
        Part::Absent => None,
        Part::Failed(_) | Part::Rows(_) => Some(split::views(snapshot, inventory, limits)),
    }
}

pub(super) fn table(view: &View<'_>, splits: Option<&[SplitView]>) -> Table {
    let counted = view.snapshot.telemetry.as_ref().map(|telemetry| &telemetry.counts);
    let none = format!("no service {} has several versions or a rule", view.place());
    let data = match counted {
        // Counts are asked for while this screen is open.
        None | Some(Part::Absent) => match view.data(Kind::Service) {
            Data::Loaded(None) => Data::Waiting,
            other => other,
        },
        Some(Part::Failed(trouble)) => Data::Loaded(Some(trouble.clone())),
        Some(Part::Rows(_)) => view.data_with_numbers(Kind::Service),
    };
    if data == Data::Waiting {
        return Table::new(COLUMNS, Vec::new(), data, none);
    }
    let rows = splits.unwrap_or_default().iter().flat_map(rows).collect();
    Table::new(COLUMNS, rows, data, none)
}

fn rows(split: &SplitView) -> Vec<Row> {
    let problem = split.verdict.is_problem();
    let tone = match split.verdict {
        Verdict::Agrees | Verdict::AgreesSmallDrift | Verdict::ConsistentMix => Tone::Good,
        _ if problem => Tone::Bad,
        Verdict::PartFailing => Tone::Warn,
        _ => Tone::Dim,
    };
    let one = |(at, version): (usize, &SplitVersion)| {
        let first = at == 0;
        let name = version.version.as_ref().or(version.subset.as_ref());
        let name = name.or_else(|| version.workloads.first()).map_or("", |name| name);
        let service = split.service.to_string();
        let verdict = if first { split.verdict.words() } else { " " };
        let cells = vec![
            // Every row has the name, so that filters and sorting keep versions together.
            Cell::text(&service).toned(if first { Tone::Strong } else { Tone::Dim }),
            Cell::text(name),
            Value::percent(version.configured_percent).into(),
            Value::percent(version.observed_percent).into(),
            Cell::text(&report::split::bar(version, false)).toned(Tone::Accent),
            version.requests.map_or(Value::Missing, Value::Count).into(),
            Value::rate(version.rate).into(),
            Cell::errors(version.error_percent),
            Value::millis(version.latency_ms.and_then(|latency| latency.p95)).into(),
            Cell::ready(version.pods),
            Cell::text(verdict).toned(tone),
        ];
        let id = RowId::Version(split.service.clone(), name.into());
        Row { id, cells, problem: problem && first, note: Some(split.explanation.as_str().into()) }
    };
    split.versions.iter().enumerate().map(one).collect()
}
