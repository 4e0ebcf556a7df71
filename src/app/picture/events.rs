//! What the cluster reports, latest first.

use std::sync::Arc;

use super::View;
use crate::app::list::{Cell, Column, Row, RowId, Table, Tone, Value};
use crate::mesh::Kind;
use crate::mesh::core::Event;
use crate::mesh::object::Resource;

const COLUMNS: &[Column] = &[
    Column::numbers("AGE", 5).sorted_by('O').ascending(),
    Column::words("TYPE", (7, 8)).sorted_by('T'),
    Column::words("REASON", (10, 24)).sorted_by('R'),
    Column::words("NAMESPACE", (9, 20)).rank(4).sorted_by('S').unless_same(),
    Column::words("OBJECT", (24, 48)).rank(1).sorted_by('N'),
    Column::numbers("COUNT", 5).rank(3).sorted_by('C'),
    Column::words("MESSAGE", (20, 200)),
];

pub(super) fn table(view: &View<'_>) -> Table {
    let mut events: Vec<&Arc<Resource<Event>>> = view.snapshot.objects.events.values().collect();
    events.retain(|event| view.in_scope(&event.meta.namespace));
    events.sort_by_key(|event| std::cmp::Reverse(when(event)));
    let rows = events.into_iter().map(|event| row(event)).collect();
    Table::new(COLUMNS, rows, view.data(Kind::Event), format!("no events {}", view.place()))
}

/// When it last happened.
fn when(event: &Resource<Event>) -> Option<jiff::Timestamp> {
    event.last_timestamp.or(event.event_time).or(event.meta.created)
}

fn row(event: &Resource<Event>) -> Row {
    let warning = event.body.kind == "Warning";
    let about = &event.involved_object;
    let cells = vec![
        Cell::new(Value::when(when(event)), Tone::Dim),
        Cell::text(&event.body.kind).toned(if warning { Tone::Warn } else { Tone::Dim }),
        Cell::text(&event.reason).toned(Tone::Strong),
        Cell::shared(&event.meta.namespace).toned(Tone::Dim),
        Cell::text(&format!("{} {}", about.kind.to_lowercase(), about.name)),
        Value::Count(event.count.max(1).into()).into(),
        Cell::text(&crate::mesh::harmless::line(&event.message)),
    ];
    let note = Some(crate::mesh::harmless::line(&event.message).into());
    Row { id: RowId::Object(event.reference(), "".into()), cells, problem: warning, note }
}
