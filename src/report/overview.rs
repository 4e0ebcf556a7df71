//! `vigla overview`: one line a namespace, and the control plane.

use std::sync::Arc;

use serde::Serialize;

use super::table::{Table, maybe};
use crate::mesh::findings::{self, Counts};
use crate::mesh::inventory::injection::NamespaceInjection;
use crate::mesh::inventory::{Inventory, ServiceInfo};
use crate::mesh::traffic::{ServiceTraffic, Traffic};
use crate::mesh::{Ready, Scope, words};

/// The contract's document.
#[derive(Debug, Serialize)]
pub struct Overview<'a> {
    control_plane: ControlPlane,
    namespaces: Vec<Namespace<'a>>,
}

/// The istiod instances, wherever they run.
#[derive(Debug, Serialize, Default)]
struct ControlPlane {
    /// By the image tags of its pods, sorted.
    versions: Vec<String>,
    pods: Ready,
}

#[derive(Debug, Serialize)]
struct Namespace<'a> {
    name: &'a Arc<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    phase: &'a str,
    injection: &'a NamespaceInjection,
    pods: Ready,
    meshed_pods: u32,
    services: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p95_ms: Option<f64>,
    findings: Counts,
}

/// Sums up a scope.
pub fn overview<'a>(
    inventory: &'a Inventory,
    traffic: &Traffic,
    scope: &Scope,
    report: &findings::Report,
) -> Overview<'a> {
    let asked = inventory.namespaces.values().filter(|info| scope.contains(&info.name));
    let one = |info: &'a crate::mesh::inventory::NamespaceInfo| {
        let seen = traffic.namespaces.get(&info.name);
        let local = |service: &&ServiceInfo| service.key.namespace == info.name;
        Namespace {
            name: &info.name,
            phase: &info.phase,
            injection: &info.injection,
            pods: info.pods,
            meshed_pods: info.meshed,
            services: inventory.services.values().filter(local).count(),
            rate: seen.and_then(|t| t.rate),
            success_percent: seen.and_then(ServiceTraffic::error_percent).map(|e| 100.0 - e),
            p95_ms: seen.and_then(|t| t.latency.p95),
            findings: Counts::of(report.of_namespace(&info.name)),
        }
    };
    Overview { control_plane: control_plane(inventory), namespaces: asked.map(one).collect() }
}

fn control_plane(inventory: &Inventory) -> ControlPlane {
    let mut plane = ControlPlane::default();
    for pod in inventory.pods.values().filter(|pod| &*pod.app == "istiod" && !pod.finished) {
        plane.pods.total += 1;
        plane.pods.ready += u32::from(pod.ready);
        plane.versions.extend(pod.control_plane_version.as_deref().map(str::to_owned));
    }
    plane.versions.sort();
    plane.versions.dedup();
    plane
}

pub fn table(overview: &Overview<'_>, wide: bool) -> String {
    let mut headers = vec!["NAMESPACE", "PODS", "MESHED", "REQ/S", "SUCCESS", "P95", "FINDINGS"];
    if wide {
        headers.extend(["SERVICES", "INJECTION", "PHASE"]);
    }
    let mut table = Table::new(&headers);
    for namespace in &overview.namespaces {
        let some = namespace.pods.total > 0;
        let mut cells = vec![
            namespace.name.to_string(),
            maybe(some.then_some(namespace.pods), |pods| format!("{}/{}", pods.ready, pods.total)),
            maybe(some.then_some(namespace.meshed_pods), |n| {
                format!("{n}/{}", namespace.pods.total)
            }),
            maybe(namespace.rate, words::rate),
            maybe(namespace.success_percent, words::percent),
            maybe(namespace.p95_ms, words::millis),
            namespace.findings.words(),
        ];
        if wide {
            cells.push(namespace.services.to_string());
            cells.push(namespace.injection.word());
            cells.push(namespace.phase.to_owned());
        }
        table.row(cells);
    }
    let plane = &overview.control_plane;
    let versions = if plane.versions.is_empty() {
        words::MISSING.to_owned()
    } else {
        plane.versions.join(", ")
    };
    let line = match plane.pods.total {
        0 => "control plane: no istiod seen".to_owned(),
        total => {
            format!("control plane: istiod {versions}, {}/{total} pods ready", plane.pods.ready)
        }
    };
    format!("{}\n{line}\n", table.print())
}
