//! `vigla services`: what stands behind each service, and its traffic.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::table::{Table, maybe};
use crate::mesh::graph::Latency;
use crate::mesh::inventory::{Inventory, ServiceInfo};
use crate::mesh::traffic::{ServiceTraffic, Traffic};
use crate::mesh::{Ready, Scope, words};

#[derive(Debug, Serialize)]
pub struct Services<'a> {
    services: Vec<Service<'a>>,
}

#[derive(Debug, Serialize)]
struct Service<'a> {
    namespace: &'a Arc<str>,
    name: &'a Arc<str>,
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cluster_ip: &'a str,
    ports: &'a [String],
    workloads: Vec<&'a Arc<str>>,
    pods: Ready,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp_bytes_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<i64>,
}

/// The services of a scope, sorted by namespace and name.
pub fn services<'a>(
    inventory: &'a Inventory,
    traffic: &Traffic,
    scope: &Scope,
    now: Timestamp,
) -> Services<'a> {
    let asked = inventory.services.values().filter(|s| scope.contains(&s.key.namespace));
    let one = |service: &'a ServiceInfo| {
        let seen = traffic.services.get(&service.key).copied();
        let latency = seen.map(|t| t.latency).filter(|l| *l != Latency::default());
        Service {
            namespace: &service.key.namespace,
            name: &service.key.name,
            kind: service.kind,
            cluster_ip: &service.cluster_ip,
            ports: &service.ports,
            workloads: service.workloads.iter().map(|workload| &workload.name).collect(),
            pods: service.pods,
            rate: seen.and_then(|t| t.rate),
            error_percent: seen.as_ref().and_then(ServiceTraffic::error_percent),
            tcp_bytes_rate: seen.and_then(|t| t.tcp),
            latency_ms: latency,
            mtls_percent: seen.as_ref().and_then(ServiceTraffic::mtls_percent),
            age_seconds: service.created.map(|created| now.as_second() - created.as_second()),
        }
    };
    Services { services: asked.map(one).collect() }
}

pub fn table(services: &Services<'_>, scope: &Scope, wide: bool) -> String {
    let several = !matches!(scope, Scope::Namespaces(names) if names.len() == 1);
    let mut headers = vec!["NAME", "TYPE", "PODS", "REQ/S", "ERR%", "P95", "TCP/S", "AGE"];
    if several {
        headers.insert(0, "NAMESPACE");
    }
    if wide {
        headers.extend(["CLUSTER-IP", "PORTS", "WORKLOADS", "MTLS"]);
    }
    let mut table = Table::new(&headers);
    for service in &services.services {
        // Known from telemetry alone, its type and its pods are not.
        let known = !service.kind.is_empty();
        let mut cells = vec![
            service.name.to_string(),
            maybe(known.then_some(service.kind), str::to_owned),
            maybe(known.then_some(service.pods), |pods| format!("{}/{}", pods.ready, pods.total)),
            maybe(service.rate, words::rate),
            maybe(service.error_percent, words::percent),
            maybe(service.latency_ms.and_then(|latency| latency.p95), words::millis),
            maybe(service.tcp_bytes_rate, words::bytes),
            maybe(service.age_seconds, words::seconds),
        ];
        if several {
            cells.insert(0, service.namespace.to_string());
        }
        if wide {
            cells.push(service.cluster_ip.to_owned());
            cells.push(service.ports.join(","));
            let names: Vec<&str> = service.workloads.iter().map(|name| &***name).collect();
            cells.push(names.join(","));
            cells.push(maybe(service.mtls_percent, words::percent));
        }
        table.row(cells);
    }
    table.print()
}
