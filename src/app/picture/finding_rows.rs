//! What is wrong with the configuration: one row a finding, the worst first.

use super::View;
use crate::app::list::{Cell, Column, Row, RowId, Table, Tone};
use crate::mesh::findings::{Analyzer, Evidence, Finding, FindingInput, Level, Report, Subject};
use crate::mesh::split::SplitView;
use crate::mesh::{Kind, MeshSnapshot, harmless};

const COLUMNS: &[Column] = &[
    Column::words("LEVEL", (9, 9)).sorted_by('V'),
    Column::words("CODE", (7, 9)).sorted_by('C').grouping(),
    Column::words("OBJECT", (20, 60)).sorted_by('N').grouping(),
    Column::words("MESSAGE", (24, 240)),
];

/// Everything that is wrong within the scope, traffic's own evidence included.
pub(super) fn report(
    snapshot: &MeshSnapshot,
    splits: Option<&[SplitView]>,
    analyzer: &mut Analyzer,
) -> Report {
    let evidence = Evidence::of(splits.unwrap_or_default());
    let mut input = FindingInput::new(&snapshot.objects);
    input.scope = &snapshot.scope;
    input.kinds = &snapshot.kinds;
    input.now = Some(snapshot.taken_at);
    input.evidence = &evidence;
    analyzer.analyze(&input)
}

pub(super) fn table(view: &View<'_>) -> Table {
    let report = view.report;
    let rows = report.findings.iter().map(row).collect();
    let mut none = format!("nothing is wrong {}", view.place());
    if !report.withheld.is_empty() {
        let count = report.withheld.len();
        none.extend(["; ", &count.to_string(), " rules could not be decided for want of data"]);
    }
    Table::new(COLUMNS, rows, view.data(Kind::Service), none)
}

fn row(finding: &Finding) -> Row {
    let level = finding.level;
    let about = finding.object.as_ref();
    let name = about.map(|object| {
        let kind = object.kind;
        if object.namespace.is_empty() {
            format!("{kind} {}", object.name)
        } else {
            format!("{kind} {}/{}", object.namespace, object.name)
        }
    });
    let message = harmless::line(&finding.message);
    let cells = vec![
        Cell::text(&format!("{} {}", level.sign(), level.word().to_lowercase()))
            .toned(level.into()),
        Cell::text(finding.code).toned(Tone::Strong),
        Cell::text(name.as_deref().unwrap_or_default()),
        Cell::text(&message),
    ];
    let place = finding.path.as_deref().unwrap_or_default();
    let words = format!("{} {place} {message}", finding.code);
    let id = match about.and_then(Subject::reference) {
        Some(object) => RowId::Object(object, words.into()),
        None => RowId::Words(words.into()),
    };
    let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
    let note = Some(format!("{place}{message}").into());
    Row { id, cells, problem: level != Level::Info, note }
}
