//! The workload controllers of the group `apps`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AGE, NAME, Printer, age, column, count, integer, labels, name, wide};
use crate::demo::world::fields::{items, text};

pub(super) const DEPLOYMENTS: Printer = Printer {
    columns: &[
        NAME,
        column("Ready"),
        integer("Up-to-date"),
        integer("Available"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |value, now| {
        let mut cells = vec![
            name(value),
            ready(value),
            json!(count(value, "/status/updatedReplicas")),
            json!(count(value, "/status/availableReplicas")),
            age(value, now),
        ];
        cells.extend(template(value));
        cells.push(selector(value));
        cells
    },
};

pub(super) const REPLICA_SETS: Printer = Printer {
    columns: &[
        NAME,
        integer("Desired"),
        integer("Current"),
        integer("Ready"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |value, now| {
        let mut cells = vec![
            name(value),
            json!(count(value, "/spec/replicas")),
            json!(count(value, "/status/replicas")),
            json!(count(value, "/status/readyReplicas")),
            age(value, now),
        ];
        cells.extend(template(value));
        cells.push(selector(value));
        cells
    },
};

pub(super) const STATEFUL_SETS: Printer = Printer {
    columns: &[NAME, column("Ready"), AGE, wide("Containers"), wide("Images")],
    cells: |value, now| {
        let mut cells = vec![name(value), ready(value), age(value, now)];
        cells.extend(template(value));
        cells
    },
};

pub(super) const DAEMON_SETS: Printer = Printer {
    columns: &[
        NAME,
        integer("Desired"),
        integer("Current"),
        integer("Ready"),
        integer("Up-to-date"),
        integer("Available"),
        column("Node Selector"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: daemon_set,
};

fn daemon_set(value: &Value, now: Timestamp) -> Vec<Value> {
    let status = |field: &str| json!(count(value, &format!("/status/{field}")));
    let mut cells = vec![
        name(value),
        status("desiredNumberScheduled"),
        status("currentNumberScheduled"),
        status("numberReady"),
        status("updatedNumberScheduled"),
        status("numberAvailable"),
        labels(value.pointer("/spec/template/spec/nodeSelector")),
        age(value, now),
    ];
    cells.extend(template(value));
    cells.push(selector(value));
    cells
}

fn ready(value: &Value) -> Value {
    let (ready, wanted) = (count(value, "/status/readyReplicas"), count(value, "/spec/replicas"));
    json!(format!("{ready}/{wanted}"))
}

/// The containers of the template and their images.
fn template(value: &Value) -> [Value; 2] {
    let all = |field: &str| {
        let containers = items(value, "/spec/template/spec/containers").iter();
        let words: Vec<&str> = containers.map(|container| text(container, field)).collect();
        json!(words.join(","))
    };
    [all("/name"), all("/image")]
}

fn selector(value: &Value) -> Value {
    labels(value.pointer("/spec/selector/matchLabels"))
}
