//! A mesh as large as Vigla promises to bear: 1,000 services in 500 namespaces, 5,000 pods,
//! 10,000 edges between versions.

use std::fmt::Write;

use serde_json::{Value, json};
use vigla::mesh::Objects;

const NAMESPACES: usize = 500;
const SERVICES: usize = 1_000;
/// Pods of the versions of a service.
const VERSIONS: [(&str, usize); 2] = [("v1", 3), ("v2", 2)];
/// Services that every second service calls, and every other one.
const CALLS: [usize; 2] = [2, 3];

fn namespace(service: usize) -> String {
    format!("team-{:03}", service % NAMESPACES)
}

/// Namespaces, services, pods, and a rule of routing and subsets for each service.
pub(crate) fn objects() -> Objects {
    let namespaces = (0..NAMESPACES).map(|number| {
        let labels = json!({"istio-injection": "enabled"});
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace(number), "labels": labels}})
    });
    Objects::from_values(namespaces.chain((0..SERVICES).flat_map(service)))
}

fn service(number: usize) -> Vec<Value> {
    let (host, namespace) = (format!("svc-{number:03}"), namespace(number));
    let meta = |name: String, labels: Value| json!({"name": name, "namespace": namespace, "labels": labels});
    let plain = || meta(host.clone(), json!({}));
    let to = |version: &str, weight: usize| json!({"destination": {"host": host, "subset": version}, "weight": weight});
    let subsets =
        VERSIONS.map(|(version, _)| json!({"name": version, "labels": {"version": version}}));
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Service", "metadata": plain(), "spec": {
            "clusterIP": format!("10.1.{}.{}", number / 250, number % 250 + 1),
            "selector": {"app": host}, "ports": [{"name": "http", "port": 80}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": plain(), "spec": {"host": host, "subsets": subsets}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": plain(), "spec": {"hosts": [host], "http": [
                {"match": [{"headers": {"end-user": {"exact": "jason"}}}], "route": [to("v2", 100)]},
                {"route": [to("v1", 90), to("v2", 10)]}]}}),
    ];
    for (version, pods) in VERSIONS {
        let labels = json!({"app": host, "version": version});
        objects.extend((0..pods).map(|pod| {
            json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": meta(format!("{host}-{version}-{pod}"), labels.clone()),
                "spec": {"containers": [{"name": "app", "image": "app"}, {"name": "istio-proxy", "image": "proxyv2"}]},
                "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
        }));
    }
    objects
}

/// What Prometheus answers about the calls between the services: a row an edge.
pub(crate) fn rates() -> Vec<u8> {
    let calls = (0..SERVICES).flat_map(|from| {
        (1..=CALLS[from % CALLS.len()]).map(move |step| (from, (from * 2 + step) % SERVICES))
    });
    let mut rows = String::new();
    for (from, to) in calls {
        for (source, destination) in [("v1", "v1"), ("v1", "v2"), ("v2", "v1"), ("v2", "v2")] {
            let (from_namespace, to_namespace) = (namespace(from), namespace(to));
            let metric = json!({
                "reporter": "destination", "request_protocol": "http", "response_code": "200",
                "response_flags": "-", "connection_security_policy": "mutual_tls",
                "source_cluster": "Kubernetes", "destination_cluster": "Kubernetes",
                "source_workload": format!("svc-{from:03}-{source}"),
                "source_workload_namespace": from_namespace,
                "source_canonical_service": format!("svc-{from:03}"),
                "source_canonical_revision": source,
                "destination_workload": format!("svc-{to:03}-{destination}"),
                "destination_workload_namespace": to_namespace,
                "destination_canonical_service": format!("svc-{to:03}"),
                "destination_canonical_revision": destination,
                "destination_service": format!("svc-{to:03}.{to_namespace}.svc.cluster.local"),
                "destination_service_name": format!("svc-{to:03}"),
                "destination_service_namespace": to_namespace,
            });
            write!(rows, r#"{{"metric":{metric},"value":[1,"2.5"]}},"#).unwrap();
        }
    }
    let rows = rows.trim_end_matches(',');
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{rows}]}}}}"#).into()
}
