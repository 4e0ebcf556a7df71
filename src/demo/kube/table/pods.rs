//! Pods: READY, STATUS and RESTARTS as the API server's printer counts them
//! (`pkg/printers/internalversion` of Kubernetes).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{AGE, Column, NAME, Printer, age, column, count, name, or_none, since, wide};
use crate::demo::world::fields::{items, text};

const COLUMNS: &[Column] = &[
    NAME,
    column("Ready"),
    column("Status"),
    column("Restarts"),
    AGE,
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];

pub(super) const PRINTER: Printer = Printer { columns: COLUMNS, cells };

fn cells(pod: &Value, now: Timestamp) -> Vec<Value> {
    let containers = items(pod, "/spec/containers").len();
    let sidecars = items(pod, "/spec/initContainers").iter().filter(|c| is_sidecar(c)).count();
    let ready = items(pod, "/status/containerStatuses")
        .iter()
        .chain(sidecar_statuses(pod))
        .filter(|status| status.get("ready") == Some(&Value::Bool(true)))
        .count();
    vec![
        name(pod),
        json!(format!("{ready}/{}", containers + sidecars)),
        json!(status(pod)),
        json!(restarts(pod, now)),
        age(pod, now),
        or_none(text(pod, "/status/podIP")),
        or_none(text(pod, "/spec/nodeName")),
        or_none(text(pod, "/status/nominatedNodeName")),
        gates(pod),
    ]
}

fn is_sidecar(container: &Value) -> bool {
    text(container, "/restartPolicy") == "Always"
}

/// The statuses of init containers that keep running.
fn sidecar_statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    items(pod, "/status/initContainerStatuses").iter().filter(|status| {
        let name = text(status, "/name");
        let spec = items(pod, "/spec/initContainers").iter().find(|c| text(c, "/name") == name);
        spec.is_some_and(is_sidecar)
    })
}

fn status(pod: &Value) -> String {
    let mut status = text(pod, "/status/phase").to_owned();
    if !text(pod, "/status/reason").is_empty() {
        text(pod, "/status/reason").clone_into(&mut status);
    }
    let initializing = initializing(pod);
    if let Some(told) = &initializing {
        status.clone_from(told);
    } else {
        let mut any_running = false;
        for container in items(pod, "/status/containerStatuses").iter().rev() {
            let waiting = text(container, "/state/waiting/reason");
            let ended = text(container, "/state/terminated/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut status);
            } else if !ended.is_empty() {
                ended.clone_into(&mut status);
            } else if container.get("ready") == Some(&Value::Bool(true)) {
                any_running = true;
            }
        }
        if status == "Completed" && any_running {
            "Running".clone_into(&mut status);
        }
    }
    if pod.pointer("/metadata/deletionTimestamp").is_some() {
        return "Terminating".to_owned();
    }
    status
}

/// What an init container that has not done its work says.
fn initializing(pod: &Value) -> Option<String> {
    let all = items(pod, "/spec/initContainers").len();
    for (index, status) in items(pod, "/status/initContainerStatuses").iter().enumerate() {
        let ended = status.pointer("/state/terminated");
        if ended.is_some_and(|ended| count(ended, "/exitCode") == 0) {
            continue;
        }
        let sidecar = sidecar_statuses(pod).any(|s| s == status);
        if sidecar && status.get("started") == Some(&Value::Bool(true)) {
            continue;
        }
        let waiting = text(status, "/state/waiting/reason");
        return Some(match (ended, waiting) {
            (Some(ended), _) => format!("Init:{}", text(ended, "/reason")),
            (None, "" | "PodInitializing") => format!("Init:{index}/{all}"),
            (None, reason) => format!("Init:{reason}"),
        });
    }
    None
}

fn restarts(pod: &Value, now: Timestamp) -> String {
    let statuses = || items(pod, "/status/containerStatuses").iter().chain(sidecar_statuses(pod));
    let total: i64 = statuses().map(|status| count(status, "/restartCount")).sum();
    let last = statuses()
        .map(|status| text(status, "/lastState/terminated/finishedAt"))
        .filter(|at| !at.is_empty())
        .max();
    match last {
        Some(at) if total > 0 => format!("{total} ({} ago)", since(at, now)),
        _ => total.to_string(),
    }
}

fn gates(pod: &Value) -> Value {
    let gates = items(pod, "/spec/readinessGates");
    if gates.is_empty() {
        return json!("<none>");
    }
    let holds = |gate: &&Value| {
        items(pod, "/status/conditions").iter().any(|condition| {
            text(condition, "/type") == text(gate, "/conditionType")
                && text(condition, "/status") == "True"
        })
    };
    json!(format!("{}/{}", gates.iter().filter(holds).count(), gates.len()))
}
