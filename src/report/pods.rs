//! `vigla pods`: readiness, restarts and sidecars.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::table::{Table, maybe};
use crate::mesh::inventory::{Inventory, PodInfo, Sidecar};
use crate::mesh::{Ready, Scope, words};

/// The contract's document.
#[derive(Debug, Serialize)]
pub struct Pods<'a> {
    pods: Vec<Pod<'a>>,
    summary: Ready,
}

#[derive(Debug, Serialize)]
struct Pod<'a> {
    namespace: &'a Arc<str>,
    name: &'a Arc<str>,
    ready_containers: u32,
    total_containers: u32,
    status: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    restarts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<i64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    node: &'a str,
    workload: &'a Arc<str>,
    app: &'a Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a Arc<str>>,
    sidecar: Sidecar,
}

/// The pods of a scope, in kubectl's order. Finished pods are listed and not counted.
pub fn pods<'a>(inventory: &'a Inventory, scope: &Scope, now: Timestamp) -> Pods<'a> {
    let asked = || inventory.pods.values().filter(|pod| scope.contains(&pod.key.namespace));
    let counted = || asked().filter(|pod| !pod.finished);
    Pods {
        summary: Ready {
            ready: counted().filter(|pod| pod.ready).count() as u32,
            total: counted().count() as u32,
        },
        pods: asked().map(|pod| describe(pod, now)).collect(),
    }
}

fn describe(pod: &PodInfo, now: Timestamp) -> Pod<'_> {
    Pod {
        namespace: &pod.key.namespace,
        name: &pod.key.name,
        ready_containers: pod.ready_containers,
        total_containers: pod.total_containers,
        status: &pod.status,
        reason: &pod.reason,
        restarts: pod.restarts,
        age_seconds: pod.created.map(|created| now.as_second() - created.as_second()),
        node: &pod.node,
        workload: &pod.workload.name,
        app: &pod.app,
        version: pod.version.as_ref(),
        sidecar: pod.sidecar,
    }
}

/// The same as a table; `wide` adds where a pod runs and what it belongs to.
pub fn table(pods: &Pods<'_>, scope: &Scope, wide: bool) -> String {
    let several = !matches!(scope, Scope::Namespaces(names) if names.len() == 1);
    let mut headers = vec!["NAME", "READY", "STATUS", "RESTARTS", "AGE", "SIDECAR"];
    if several {
        headers.insert(0, "NAMESPACE");
    }
    if wide {
        headers.extend(["WORKLOAD", "VERSION", "NODE", "REASON"]);
    }
    let mut table = Table::new(&headers);
    for pod in &pods.pods {
        let mut cells = vec![
            pod.name.to_string(),
            format!("{}/{}", pod.ready_containers, pod.total_containers),
            pod.status.to_owned(),
            pod.restarts.to_string(),
            maybe(pod.age_seconds, words::seconds),
            pod.sidecar.word().replace('_', " "),
        ];
        if several {
            cells.insert(0, pod.namespace.to_string());
        }
        if wide {
            let or_dash =
                |text: &str| if text.is_empty() { words::MISSING } else { text }.to_owned();
            cells.push(pod.workload.to_string());
            cells.push(maybe(pod.version, ToString::to_string));
            cells.push(or_dash(pod.node));
            cells.push(or_dash(&crate::mesh::harmless::line(pod.reason)));
        }
        table.row(cells);
    }
    table.print()
}
