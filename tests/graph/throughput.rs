//! Bytes of requests and responses: one reporter a call, replicas once, resets and broken values
//! as for rates.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use vigla::demo::prometheus::Store;
use vigla::mesh::graph::{Graph, GraphOptions, Protocol, Throughput};
use vigla::mesh::{Objects, Scope};
use vigla::source::prometheus::{Client, PrometheusOptions, TelemetryRequest};

use crate::embedded;
use crate::kinds::row;
use crate::odd::{NOW, REQUESTS, counter, graph};

/// Two requests a second, and the bytes a second of them and of their responses; `after` makes of
/// what was counted what is shown.
fn call(
    store: &mut Store,
    sample: &Value,
    (request, response): (f64, f64),
    after: &dyn Fn(i64, f64) -> f64,
) {
    let steady = |past: i64, rate: f64| Some(rate * (past + 600) as f64);
    for name in [REQUESTS, "istio_request_bytes_count", "istio_response_bytes_count"] {
        counter(store, name, sample, |past| steady(past, 2.0));
    }
    for (name, rate) in
        [("istio_request_bytes_sum", request), ("istio_response_bytes_sum", response)]
    {
        counter(store, name, sample, |past| steady(past, rate).map(|value| after(past, value)));
    }
}

/// Everything below, as each of these replicas of a Prometheus scraped it, the later ones less.
fn world(replicas: &[&str]) -> Store {
    let mut store = Store::new(embedded::FOREVER);
    let as_counted = |_: i64, value: f64| value;
    let restarted = |past: i64, value: f64| {
        if past < -30 { value } else { value * (past + 45) as f64 / (past + 600) as f64 }
    };
    let broken = |_: i64, _: f64| f64::NAN;
    for (at, replica) in (0_i32..).zip(replicas) {
        let seen = 0.9_f64.powi(at);
        let mut add = |reporter: &str,
                       ends: [&str; 2],
                       bytes: (f64, f64),
                       after: &dyn Fn(i64, f64) -> f64| {
            let app = ends[1].split('-').next().unwrap();
            let spoken = if app == "b" { "grpc" } else { "http" };
            let more = json!({"request_protocol": spoken, "prometheus_replica": replica});
            let sample = row(reporter, ends[0], ends[1], &format!("{app}@shop"), &more);
            call(&mut store, &sample, (bytes.0 * seen, bytes.1 * seen), after);
        };
        let web = "web-v1@shop";
        add("source", [web, "a-v1@shop"], (200.0, 1000.0), &as_counted);
        add("destination", [web, "a-v1@shop"], (220.0, 1100.0), &as_counted);
        // Callers without a proxy: the server alone tells.
        add("destination", ["-", "a-v1@shop"], (50.0, 500.0), &as_counted);
        add("waypoint", [web, "b-v1@shop"], (30.0, 60.0), &as_counted);
        add("destination", [web, "b-v1@shop"], (40.0, 80.0), &as_counted);
        add("source", [web, "reset-v1@shop"], (100.0, 300.0), &restarted);
        add("source", [web, "nan-v1@shop"], (100.0, 300.0), &broken);
    }
    store
}

/// The graph of a store with and without the bytes asked for.
async fn asked(store: Store, throughput: bool, service_nodes: bool) -> Graph {
    let client = Client::new(&PrometheusOptions::new(embedded::serve(store, NOW).await)).unwrap();
    let options = GraphOptions { service_nodes, ..GraphOptions::default() };
    let scope = Scope::Namespaces(vec!["shop".into()]);
    let request = TelemetryRequest {
        time: Some(Timestamp::from_second(NOW).unwrap()),
        throughput,
        ..TelemetryRequest::for_graph(scope, Duration::from_secs(60), &options)
    };
    let telemetry = client.refresh(&request).await;
    assert_eq!(telemetry.trouble(), None);
    graph(&telemetry, &Objects::default(), &options)
}

fn bytes(request: f64, response: f64) -> Throughput {
    Throughput { request_bytes: Some(request), response_bytes: Some(response) }
}

fn of(graph: &Graph, source: &str, target: &str) -> Option<Throughput> {
    let mut edges = graph.edges.iter();
    let edge = edges.find(|edge| edge.source.contains(source) && edge.target.contains(target));
    edge.unwrap_or_else(|| panic!("{source} to {target}: {:#?}", graph.edges)).throughput
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reporter_a_call_and_each_replica_once() {
    for replicas in [&[""][..], &["k8s-0", "k8s-1"]] {
        let graph = asked(world(replicas), true, false).await;
        assert_eq!(of(&graph, "/web/", "/a/"), Some(bytes(200.0, 1000.0)));
        assert_eq!(of(&graph, "unknown", "/a/"), Some(bytes(50.0, 500.0)));
        assert_eq!(of(&graph, "/web/", "/b/"), Some(bytes(30.0, 60.0)));
        let grpc = graph.edges.iter().filter(|edge| edge.protocol == Protocol::Grpc);
        assert_eq!(grpc.count(), 1);
        let reset = of(&graph, "/web/", "/reset/").and_then(Throughput::total).unwrap();
        assert!((reset - 400.0).abs() < 40.0, "{reset}");
        assert_eq!(of(&graph, "/web/", "/nan/"), None);
        let node = graph.node("app:Kubernetes/shop/a/v1").unwrap();
        assert_eq!(node.throughput, Some(bytes(250.0, 1500.0)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_way_of_a_service_both_edges_carry_them() {
    let graph = asked(world(&[""]), true, true).await;
    assert_eq!(of(&graph, "/web/", "service:Kubernetes/shop/a"), Some(bytes(200.0, 1000.0)));
    assert_eq!(of(&graph, "service:Kubernetes/shop/a", "/a/"), Some(bytes(250.0, 1500.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn unless_asked_for_nothing_is_told() {
    let graph = asked(world(&[""]), false, false).await;
    assert_eq!(graph.edges.len(), 5);
    let told = graph.edges.iter().any(|edge| edge.throughput.is_some());
    assert!(!told && graph.nodes.iter().all(|node| node.throughput.is_none()), "{graph:#?}");
}
