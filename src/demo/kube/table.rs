//! Tables: the columns and cells that a server prints for each kind, so that `kubectl get` looks
//! as it does on any cluster.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::metadata_only;
use crate::demo::world::catalog::Resource;
use crate::demo::world::fields::text;
use crate::demo::world::state::Item;
use crate::mesh::Kind;

mod apps;
mod core;
mod custom;
mod pods;

/// A column: name, type, format, priority (0 always shown, 1 only by `-o wide`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    priority: u8,
}

const fn column(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 0 }
}

const fn wide(name: &'static str) -> Column {
    Column { priority: 1, ..column(name) }
}

const fn integer(name: &'static str) -> Column {
    Column { kind: "integer", ..column(name) }
}

const fn date(name: &'static str) -> Column {
    Column { kind: "date", ..column(name) }
}

/// The column every table begins with.
const NAME: Column = Column { format: "name", ..column("Name") };
const AGE: Column = column("Age");

/// How one kind is printed.
struct Printer {
    columns: &'static [Column],
    cells: fn(&Value, Timestamp) -> Vec<Value>,
}

fn printer(resource: &Resource) -> Printer {
    match resource.kind {
        Kind::Pod => pods::PRINTER,
        Kind::Namespace => core::NAMESPACES,
        Kind::Node => core::NODES,
        Kind::Service => core::SERVICES,
        Kind::ConfigMap => core::CONFIG_MAPS,
        Kind::Secret => core::SECRETS,
        Kind::ServiceAccount => core::SERVICE_ACCOUNTS,
        Kind::Event => core::EVENTS,
        Kind::EndpointSlice => core::ENDPOINT_SLICES,
        Kind::MutatingWebhookConfiguration | Kind::ValidatingWebhookConfiguration => core::WEBHOOKS,
        Kind::Deployment => apps::DEPLOYMENTS,
        Kind::ReplicaSet => apps::REPLICA_SETS,
        Kind::StatefulSet => apps::STATEFUL_SETS,
        Kind::DaemonSet => apps::DAEMON_SETS,
        kind => custom::printer(kind),
    }
}

/// What a row carries of its object beside the cells (`includeObject` of a request).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Include {
    Nothing,
    #[default]
    Metadata,
    Object,
}

impl Include {
    pub(super) fn of(text: &str) -> Self {
        match text {
            "None" => Self::Nothing,
            "Object" => Self::Object,
            _ => Self::Metadata,
        }
    }
}

/// The Table of some objects of one resource.
pub(super) fn table(
    resource: &Resource,
    items: &[Item],
    metadata: Value,
    include: Include,
) -> Value {
    let printer = printer(resource);
    let now = Timestamp::now();
    let columns: Vec<Value> = printer
        .columns
        .iter()
        .map(|c| {
            json!({"name": c.name, "type": c.kind, "format": c.format, "description": "",
                   "priority": c.priority})
        })
        .collect();
    let rows: Vec<Value> = items
        .iter()
        .map(|item| {
            let cells = (printer.cells)(&item.value, now);
            match include {
                Include::Nothing => json!({"cells": cells}),
                Include::Metadata => json!({"cells": cells, "object": metadata_only(&item.value)}),
                Include::Object => json!({"cells": cells, "object": item.value}),
            }
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
           "columnDefinitions": columns, "rows": rows})
}

/// Empties the columns of a Table, for the later events of a watch.
pub(super) fn drop_columns(table: &mut Value) {
    crate::demo::world::fields::set(table, &["columnDefinitions"], json!([]));
}

/// The name of an object.
fn name(value: &Value) -> Value {
    json!(text(value, "/metadata/name"))
}

/// The time since an object was made.
fn age(value: &Value, now: Timestamp) -> Value {
    json!(since(text(value, "/metadata/creationTimestamp"), now))
}

/// The time since a moment, as kubectl writes it.
fn since(moment: &str, now: Timestamp) -> String {
    match moment.parse::<Timestamp>() {
        Ok(at) => duration(now.duration_since(at)),
        Err(_) => "<unknown>".to_owned(),
    }
}

/// A duration in the two largest units that matter (`HumanDuration` of apimachinery).
fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: i64, l: char, small: i64, s: char| {
        if small == 0 { format!("{large}{l}") } else { format!("{large}{l}{small}{s}") }
    };
    if seconds < 120 {
        format!("{seconds}s")
    } else if minutes < 10 {
        two(minutes, 'm', seconds % 60, 's')
    } else if minutes < 180 {
        format!("{minutes}m")
    } else if hours < 8 {
        two(hours, 'h', minutes % 60, 'm')
    } else if hours < 48 {
        format!("{hours}h")
    } else if hours < 192 {
        two(days, 'd', hours % 24, 'h')
    } else if days < 365 * 2 {
        format!("{days}d")
    } else if days < 365 * 8 {
        two(days / 365, 'y', days % 365, 'd')
    } else {
        format!("{}y", days / 365)
    }
}

/// A whole number at a JSON pointer, 0 when there is none.
fn count(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// A text, or the word for none.
fn or_none(text: &str) -> Value {
    json!(if text.is_empty() { "<none>" } else { text })
}

/// A map of labels as `a=b,c=d`, or the word for none.
fn labels(value: Option<&Value>) -> Value {
    let pairs = value.and_then(Value::as_object).into_iter().flatten();
    let mut pairs: Vec<String> =
        pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    pairs.sort();
    or_none(&pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, "0s")]
    #[case(119, "119s")]
    #[case(120, "2m")]
    #[case(200, "3m20s")]
    #[case(3600, "60m")]
    #[case(3 * 3600 + 60, "3h1m")]
    #[case(26 * 3600, "26h")]
    #[case(50 * 3600, "2d2h")]
    #[case(9 * 86_400, "9d")]
    #[case(-5, "<invalid>")]
    fn durations_read_as_kubectl_writes_them(#[case] seconds: i64, #[case] written: &str) {
        assert_eq!(duration(SignedDuration::from_secs(seconds)), written);
    }
}
