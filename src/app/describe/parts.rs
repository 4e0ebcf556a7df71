//! Parts that every description has: metadata, conditions, events.

use jiff::Timestamp;
use serde_json::Value;

use super::Told;
use crate::app::doc::Doc;
use crate::app::list::Tone;
use crate::app::picture::Picture;
use crate::mesh::core::Condition;
use crate::mesh::object::Labels;
use crate::mesh::{ObjectRef, harmless};
use crate::ui::format;

pub(super) fn metadata(doc: &mut Doc, object: &ObjectRef, value: &Value, now: Timestamp) {
    doc.heading(&object.kind.to_string());
    doc.field("name", Tone::Strong, &*object.key.name);
    doc.field("namespace", Tone::Text, &*object.key.namespace);
    let meta = value.get("metadata");
    let text = |key: &str| meta.and_then(|meta| meta.get(key)).and_then(Value::as_str);
    if let Some(created) = text("creationTimestamp").and_then(|t| t.parse::<Timestamp>().ok()) {
        doc.field("age", Tone::Text, format!("{} ({created})", format::age(created, now)));
    }
    if let Some(deleting) = text("deletionTimestamp") {
        doc.field("deleting since", Tone::Warn, deleting);
    }
    for name in ["labels", "annotations"] {
        let map: Labels = meta
            .and_then(|meta| meta.get(name))
            .and_then(|map| serde_json::from_value(map.clone()).ok())
            .unwrap_or_default();
        for (at, (key, value)) in map.iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            let value = format::cut(&harmless::line(value), 200);
            doc.field(name, Tone::Text, format!("{key}={value}"));
        }
    }
}

/// Conditions of any object that has them; a condition named for trouble is bad when true.
pub(super) fn conditions(doc: &mut Doc, value: &Value) {
    let conditions: Vec<Condition> = value
        .pointer("/status/conditions")
        .and_then(|list| serde_json::from_value(list.clone()).ok())
        .unwrap_or_default();
    if conditions.is_empty() {
        return;
    }
    doc.heading("Conditions");
    for condition in conditions {
        let (mark, tone) = match condition.status.as_str() {
            "True" => ("●", Tone::Good),
            "False" => ("▲", Tone::Warn),
            _ => ("○", Tone::Dim),
        };
        let mut line = vec![
            (tone, format!("  {mark} ")),
            (Tone::Text, format!("{:<30} {:<8}", condition.kind, condition.status)),
            (Tone::Dim, condition.reason.clone()),
        ];
        if !condition.message.is_empty() {
            line.push((Tone::Text, format!("  {}", harmless::line(&condition.message))));
        }
        doc.push(line);
    }
}

/// Events about the object, latest first.
pub(super) fn events(doc: &mut Doc, told: &Told<'_>, object: &ObjectRef) {
    let mut events: Vec<_> = told
        .snapshot
        .objects
        .events
        .values()
        .filter(|event| {
            let about = &event.involved_object;
            *about.name == *object.key.name
                && *about.namespace == *object.key.namespace
                && about.kind == object.kind.info().name
        })
        .map(|event| (event.last_timestamp.or(event.event_time).or(event.meta.created), event))
        .collect();
    if events.is_empty() {
        return;
    }
    events.sort_by_key(|(when, _)| std::cmp::Reverse(*when));
    doc.heading("Events");
    for (when, event) in events.into_iter().take(50) {
        let age =
            when.map_or_else(|| format::MISSING.to_owned(), |when| format::age(when, told.now));
        let tone = if event.body.kind == "Warning" { Tone::Warn } else { Tone::Dim };
        doc.push(vec![
            (Tone::Dim, format!("  {age:>6} ")),
            (tone, format!("{:<18} ", event.reason)),
            (Tone::Text, harmless::line(&event.message).into_owned()),
        ]);
    }
}

/// Findings that concern what is described, by their places in the report.
pub(super) fn findings(doc: &mut Doc, picture: &Picture, about: &[usize]) {
    if about.is_empty() {
        return;
    }
    doc.heading("Findings");
    for finding in about.iter().filter_map(|at| picture.report.findings.get(*at)) {
        let name = finding.object.as_ref().map(|o| format!("{} {}: ", o.kind, o.name));
        doc.push(vec![
            (finding.level.into(), format!("  {} {} ", finding.level.sign(), finding.code)),
            (Tone::Strong, name.unwrap_or_default()),
            (Tone::Text, harmless::line(&finding.message).into_owned()),
        ]);
    }
}
