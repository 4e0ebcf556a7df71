//! Nodes of every kind: unknown callers, egress, ServiceEntries, gateways, waypoints, idle and
//! dead ones; and what is said of them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use vigla::mesh::graph::{
    Graph, GraphInput, GraphOptions, GraphType, Health, Node, NodeFlag, build,
};
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::telemetry::{Part, Telemetry};
use vigla::mesh::{Objects, Scope};
use vigla::source::prometheus::decode;

/// A row by `workload@namespace` at either end; `-` is unknown.
pub(crate) fn row(
    reporter: &str,
    source: &str,
    target: &str,
    service: &str,
    rest: &Value,
) -> Value {
    let mut labels = serde_json::Map::new();
    for (side, end) in [("source", source), ("destination", target)] {
        let (workload, namespace) = end.split_once('@').unwrap_or(("unknown", "unknown"));
        let (app, version) = workload.split_once('-').unwrap_or((workload, "latest"));
        for (label, value) in [
            ("workload", workload),
            ("workload_namespace", namespace),
            ("canonical_service", app),
            ("canonical_revision", version),
            ("cluster", if workload == "unknown" { "unknown" } else { "Kubernetes" }),
        ] {
            labels.insert(format!("{side}_{label}"), json!(value));
        }
    }
    let (name, namespace) = service.split_once('@').unwrap_or((service, "unknown"));
    let host = if namespace == "unknown" {
        name.to_owned()
    } else {
        format!("{name}.{namespace}.svc.cluster.local")
    };
    for (label, value) in [
        ("reporter", reporter),
        ("destination_service_name", name),
        ("destination_service_namespace", namespace),
        ("destination_service", &host),
        ("request_protocol", "http"),
        ("response_code", "200"),
        ("response_flags", "-"),
    ] {
        labels.insert(label.to_owned(), json!(value));
    }
    for (label, value) in rest.as_object().unwrap() {
        labels.insert(label.clone(), value.clone());
    }
    let rate = labels.remove("rate").unwrap_or_else(|| json!(1)).to_string();
    json!({"metric": labels, "value": [1_700_000_000, rate]})
}

fn graph(rows: &[Value], objects: &Objects, options: &GraphOptions) -> Graph {
    let body = json!({"status": "success", "data": {"resultType": "vector", "result": rows}});
    let rows = decode::rates([body.to_string()]).unwrap().rows;
    let telemetry = Telemetry {
        window: Duration::from_secs(60),
        requests: Part::Rows(Arc::new(rows)),
        ..Telemetry::default()
    };
    let graph = build(&GraphInput {
        objects,
        inventory: &Inventory::of(objects),
        telemetry: &telemetry,
        scope: &Scope::Namespaces(vec!["shop".into()]),
        options,
        health: &HealthConfig::default(),
    });
    assert!(graph.nodes.is_sorted_by(|a, b| a.id < b.id));
    graph
}

fn node<'a>(graph: &'a Graph, id: &str) -> &'a Node {
    let ids: Vec<&str> = graph.nodes.iter().map(|node| &*node.id).collect();
    graph.node(id).unwrap_or_else(|| panic!("{id} is not among {ids:?}"))
}

fn deployment(namespace: &str, name: &str, replicas: u32) -> Value {
    let (app, version) = name.split_once('-').unwrap_or((name, "latest"));
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": app}},
                 "template": {"metadata": {"labels": {"app": app, "version": version}}}}})
}

pub(crate) fn pod(namespace: &str, owner: &str, sidecar: bool, ready: bool) -> Value {
    let (app, version) = owner.split_once('-').unwrap_or((owner, "latest"));
    let mut containers = vec![json!({"name": "app"})];
    containers.extend(sidecar.then(|| json!({"name": "istio-proxy", "image": "proxyv2:1.30.0"})));
    let statuses: Vec<Value> = containers
        .iter()
        .map(|c| json!({"name": c["name"], "ready": ready, "state": {"running": {}}}))
        .collect();
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": namespace, "name": format!("{owner}-5d-x"),
            "labels": {"app": app, "version": version, "pod-template-hash": "5d"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": format!("{owner}-5d"), "controller": true}]},
        "spec": {"containers": containers},
        "status": {"phase": "Running", "containerStatuses": statuses,
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]}})
}

#[test]
fn strange_ends_have_nodes_of_their_own() {
    let rows = [
        row("destination", "-", "web-v1@shop", "web@shop", &json!({})),
        row("source", "web-v1@shop", "-", "PassthroughCluster", &json!({})),
        row("source", "web-v1@shop", "-", "BlackHoleCluster", &json!({"response_code": "502"})),
        row(
            "source",
            "web-v1@shop",
            "-",
            "api.example.com@shop",
            &json!({"destination_service": "api.example.com"}),
        ),
        row("source", "web-v1@shop", "-", "10.1.2.3:80", &json!({})),
        row("source", "istio-ingressgateway@istio-system", "web-v1@shop", "web@shop", &json!({})),
        row(
            "source",
            "web-v1@shop",
            "-",
            "istio-egressgateway.istio-system.svc.cluster.local",
            &json!({}),
        ),
    ];
    let entry = json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
        "metadata": {"namespace": "shop", "name": "example"},
        "spec": {"hosts": ["api.example.com", "other.example.com"], "exportTo": ["."]}});
    let graph = graph(&rows, &Objects::from_values([entry]), &GraphOptions::default());
    assert_eq!(graph.nodes.len(), 7, "{:#?}", graph.nodes);
    let unknown = node(&graph, "unknown:unknown");
    assert_eq!(unknown.flags, [NodeFlag::Root, NodeFlag::Inaccessible]);
    for egress in ["PassthroughCluster", "BlackHoleCluster"] {
        let node = node(&graph, &format!("service:unknown/unknown/{egress}"));
        assert_eq!(node.flags, [NodeFlag::Inaccessible]);
        assert_eq!(node.health, Health::Unknown);
    }
    assert!(node(&graph, "service:Kubernetes/shop/example").has(NodeFlag::ServiceEntry));
    let gateways = graph.nodes.iter().filter(|node| node.has(NodeFlag::Gateway)).count();
    assert_eq!(gateways, 2);
}

#[test]
fn requests_that_no_version_served_are_a_share_of_their_own() {
    let to =
        |version: &str, rest: Value| row("source", "web-v1@shop", version, "reviews@shop", &rest);
    let rows = [
        to("reviews-v1@shop", json!({"rate": 6})),
        to("reviews-v2@shop", json!({"rate": 3})),
        to(
            "-",
            json!({"rate": 1, "response_code": "503", "response_flags": "UH", "destination_cluster": "Kubernetes"}),
        ),
    ];
    let plain = graph(&rows, &Objects::default(), &GraphOptions::default());
    let shares: Vec<f64> = plain.edges.iter().map(|edge| edge.share_percent.unwrap()).collect();
    assert_eq!(shares, [60.0, 30.0, 10.0]);
    let options = GraphOptions { service_nodes: true, ..GraphOptions::default() };
    let with_services = graph(&rows, &Objects::default(), &options);
    let service = node(&with_services, "service:Kubernetes/shop/reviews");
    assert_eq!(service.unserved_percent, Some(10.0));
    assert!(service.has(NodeFlag::Injected));
    let shares: Vec<f64> =
        with_services.edges.iter().map(|edge| edge.share_percent.unwrap()).collect();
    assert_eq!(shares, [100.0, 60.0, 30.0]);
}

#[test]
fn idle_dead_and_stray_workloads_are_marked() {
    let values = [
        deployment("shop", "web-v1", 1),
        pod("shop", "web-v1", true, false),
        deployment("shop", "plain-v1", 1),
        pod("shop", "plain-v1", false, true),
        deployment("shop", "old-v1", 0),
        deployment("bank", "till-v1", 1),
    ];
    let objects = Objects::from_values(values);
    let rows = [
        row("source", "web-v1@shop", "plain-v1@shop", "plain@shop", &json!({})),
        // A workload that is no more: its series are still there.
        row("source", "gone-v1@shop", "plain-v1@shop", "plain@shop", &json!({"rate": 0})),
    ];
    let quiet = graph(&rows, &objects, &GraphOptions::default());
    assert_eq!(quiet.nodes.len(), 2);
    let web = node(&quiet, "app:Kubernetes/shop/web/v1");
    assert_eq!(
        (web.health, web.health_reason.as_str()),
        (Health::NotReady, "0 of 1 pods ready: Running")
    );
    assert_eq!(node(&quiet, "app:Kubernetes/shop/plain/v1").flags, [NodeFlag::OutOfMesh]);
    let idle = GraphOptions { idle: true, ..GraphOptions::default() };
    let all = graph(&rows, &objects, &idle);
    assert_eq!(all.nodes.len(), 3);
    let old = node(&all, "app:Kubernetes/shop/old/v1");
    assert_eq!(old.flags, [NodeFlag::Idle, NodeFlag::Dead]);
    assert_eq!((old.health, old.health_reason.as_str()), (Health::NotReady, "scaled to zero"));
}

#[test]
fn a_workload_behind_two_services_sends_its_calls_once() {
    let rows = [
        row("source", "web-v1@shop", "both-v1@shop", "both@shop", &json!({"rate": 2})),
        row("source", "web-v1@shop", "both-v1@shop", "alias@shop", &json!({"rate": 3})),
        row("source", "both-v1@shop", "db-v1@shop", "db@shop", &json!({"rate": 5})),
    ];
    let options = GraphOptions { graph_type: GraphType::Service, ..GraphOptions::default() };
    let graph = graph(&rows, &Objects::default(), &options);
    let edges: Vec<(&str, &str, f64)> =
        graph.edges.iter().map(|edge| (&*edge.source, &*edge.target, edge.rate)).collect();
    assert_eq!(
        edges,
        [
            ("service:Kubernetes/shop/both", "service:Kubernetes/shop/db", 5.0),
            ("workload:Kubernetes/shop/web-v1", "service:Kubernetes/shop/alias", 3.0),
            ("workload:Kubernetes/shop/web-v1", "service:Kubernetes/shop/both", 2.0),
        ]
    );
}

#[test]
fn waypoints_stand_as_workloads_and_count_for_callers_without_a_proxy() {
    let rows = [
        row(
            "waypoint",
            "web-v1@shop",
            "reviews-v1@shop",
            "reviews@shop",
            &json!({"rate": 4, "connection_security_policy": "mutual_tls"}),
        ),
        row(
            "destination",
            "web-v1@shop",
            "reviews-v1@shop",
            "reviews@shop",
            &json!({"rate": 4, "connection_security_policy": "none"}),
        ),
    ];
    let graph = graph(&rows, &Objects::default(), &GraphOptions::default());
    assert_eq!(graph.edges.len(), 1);
    // The destination knows best.
    assert_eq!((graph.edges[0].rate, graph.edges[0].mtls_percent), (4.0, Some(0.0)));
}

#[test]
fn half_known_rows_are_dropped_and_a_missing_service_is_not() {
    let rows = [
        // A namespace without a workload.
        row(
            "destination",
            "-",
            "a-v1@shop",
            "a@shop",
            &json!({"source_workload_namespace": "shop"}),
        ),
        // A workload in no known cluster.
        row(
            "destination",
            "b-v1@shop",
            "a-v1@shop",
            "a@shop",
            &json!({"source_cluster": "unknown"}),
        ),
        row(
            "destination",
            "c-v1@shop",
            "a-v1@shop",
            "",
            &json!({"destination_service": "", "destination_service_namespace": ""}),
        ),
        // Older Istio has no cluster labels at all.
        row(
            "destination",
            "d-v1@shop",
            "a-v1@shop",
            "a@shop",
            &json!({"source_cluster": "", "destination_cluster": ""}),
        ),
        row("source", "out-v1@bank", "in-v1@bank", "in@bank", &json!({})),
    ];
    let graph = graph(&rows, &Objects::default(), &GraphOptions::default());
    let sources: Vec<&str> = graph.edges.iter().map(|edge| &*edge.source).collect();
    assert_eq!(sources, ["app:Kubernetes/shop/c/v1", "app:unknown/shop/d/v1"]);
}
