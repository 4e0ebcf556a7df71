//! Kiali's own cases hold: nodes, edges, rates by class, error percentages, responses and flags,
//! within 0.01. Only shares differ by design: ours are within the destination service.

use std::collections::BTreeMap;

use vigla::mesh::graph::{Edge, Graph, GraphInput, Node, NodeFlag, NodeType, Protocol, build};
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::telemetry::Telemetry;
use vigla::source::prometheus::{Client, PrometheusOptions, TelemetryRequest};

use crate::cases::{self, Case, ExpectedEdge, ExpectedNode, Series};
use crate::embedded;
use crate::prometheus::RealPrometheus;

#[test]
fn cases_hold_from_rows() {
    for case in cases::all() {
        check(&case, &graph(&case, &case.telemetry()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_hold_from_a_real_prometheus() {
    for case in cases::all() {
        let Some(server) = RealPrometheus::with_openmetrics(&case.openmetrics()) else { return };
        holds_at(&case, server.url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_hold_from_the_embedded_prometheus() {
    for case in cases::all() {
        let url = embedded::serve(case.store(), case.query_time).await;
        holds_at(&case, &url).await;
    }
}

/// A store that keeps what both replicas of a Prometheus scraped, one of which missed some of it.
#[tokio::test(flavor = "multi_thread")]
async fn cases_hold_where_two_replicas_scraped_the_same() {
    for label in ["prometheus_replica", "__replica__", "replica"] {
        for mut case in cases::all() {
            let scraped = |series: &Series, name: &str, part: f64| {
                let mut scraped = series.clone();
                scraped.labels.insert(label.to_owned(), name.to_owned());
                scraped.per_second *= part;
                scraped
            };
            let twice = case
                .series
                .iter()
                .flat_map(|series| [scraped(series, "k8s-0", 0.9), scraped(series, "k8s-1", 1.0)]);
            case.series = twice.collect();
            let url = embedded::serve(case.store(), case.query_time).await;
            holds_at(&case, &url).await;
        }
    }
}

/// Asks a server that holds the samples of a case.
async fn holds_at(case: &Case, url: &str) {
    let client = Client::new(&PrometheusOptions::new(url)).expect("a client");
    let request = TelemetryRequest {
        time: Some(case.time()),
        ..TelemetryRequest::for_graph(case.scope(), case.window(), &case.options())
    };
    let telemetry = client.refresh(&request).await;
    assert_eq!(telemetry.trouble(), None, "{}", case.name);
    assert_eq!(telemetry.evaluated_at, case.time());
    check(case, &graph(case, &telemetry));
}

fn graph(case: &Case, telemetry: &Telemetry) -> Graph {
    let objects = case.objects();
    build(&GraphInput {
        objects: &objects,
        inventory: &Inventory::of(&objects),
        telemetry,
        scope: &case.scope(),
        options: &case.options(),
        health: &HealthConfig::default(),
    })
}

fn check(case: &Case, graph: &Graph) {
    let name = &case.name;
    let keys: BTreeMap<&str, String> =
        graph.nodes.iter().map(|node| (&*node.id, key(node))).collect();
    let nodes: BTreeMap<&str, &Node> =
        graph.nodes.iter().map(|node| (keys[&*node.id].as_str(), node)).collect();
    let mut expected: Vec<&str> = case.expected.nodes.iter().map(|node| &*node.key).collect();
    expected.sort_unstable();
    assert_eq!(nodes.keys().copied().collect::<Vec<_>>(), expected, "{name}: nodes");
    for expected in &case.expected.nodes {
        check_node(name, expected, nodes[&*expected.key]);
    }
    let edge_name =
        |source: &str, target: &str, protocol: &str| format!("{source} -> {target} {protocol}");
    let edges: BTreeMap<String, &Edge> = graph
        .edges
        .iter()
        .map(|edge| {
            let (source, target) = (&keys[&*edge.source], &keys[&*edge.target]);
            (edge_name(source, target, protocol(edge.protocol)), edge)
        })
        .collect();
    let mut expected: Vec<String> = case
        .expected
        .edges
        .iter()
        .map(|edge| edge_name(&edge.source, &edge.target, &edge.protocol))
        .collect();
    expected.sort_unstable();
    assert_eq!(edges.keys().cloned().collect::<Vec<_>>(), expected, "{name}: edges");
    for expected in &case.expected.edges {
        let at = edge_name(&expected.source, &expected.target, &expected.protocol);
        check_edge(&format!("{name}: {at}"), expected, edges[&at]);
    }
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http => "http",
        Protocol::Grpc => "grpc",
        Protocol::Tcp => "tcp",
    }
}

/// The cases' name of a node: `type|cluster|namespace|app|version|workload|service`.
fn key(node: &Node) -> String {
    if node.node_type == NodeType::Unknown {
        return "unknown|unknown|unknown|unknown|unknown|unknown|".to_owned();
    }
    let kind = match node.node_type {
        NodeType::App => "app",
        NodeType::Workload => "workload",
        _ => "service",
    };
    let known =
        |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or("unknown").to_owned();
    let named = |text: &Option<std::sync::Arc<str>>| text.as_deref().unwrap_or("").to_owned();
    [
        kind.to_owned(),
        known(&node.cluster),
        known(&node.namespace),
        named(&node.app),
        named(&node.version),
        named(&node.workload),
        named(&node.service),
    ]
    .join("|")
}

fn near(what: &str, ours: f64, expected: Option<&String>) {
    let expected: f64 = expected.map_or(0.0, |text| text.parse().expect("a number"));
    assert!((ours - expected).abs() <= 0.01, "{what}: {ours} instead of {expected}");
}

fn check_node(name: &str, expected: &ExpectedNode, node: &Node) {
    let traffic = &node.traffic;
    let http = traffic.http.clone().unwrap_or_default();
    let grpc = traffic.grpc.clone().unwrap_or_default();
    let tcp = traffic.tcp.clone().unwrap_or_default();
    for (rate, ours) in [
        ("httpIn", http.incoming),
        ("httpOut", http.outgoing),
        ("httpIn3xx", http.in_3xx),
        ("httpIn4xx", http.in_4xx),
        ("httpIn5xx", http.in_5xx),
        ("httpInNoResponse", http.in_no_response),
        ("grpcIn", grpc.incoming),
        ("grpcOut", grpc.outgoing),
        ("grpcInErr", grpc.in_err),
        ("grpcInNoResponse", grpc.in_no_response),
        ("tcpIn", tcp.incoming),
        ("tcpOut", tcp.outgoing),
    ] {
        near(&format!("{name}: {} {rate}", expected.key), ours, expected.traffic.get(rate));
    }
    for (word, flag) in [
        ("isIdle", NodeFlag::Idle),
        ("isDead", NodeFlag::Dead),
        ("isOutside", NodeFlag::Outside),
        ("isInaccessible", NodeFlag::Inaccessible),
        ("isRoot", NodeFlag::Root),
    ] {
        let wanted = expected.flags.iter().any(|flag| flag == word);
        assert_eq!(node.has(flag), wanted, "{name}: {} {word}", expected.key);
    }
}

fn check_edge(at: &str, expected: &ExpectedEdge, edge: &Edge) {
    let protocol = &expected.protocol;
    let rate = |suffix: &str| expected.traffic.get(&format!("{protocol}{suffix}"));
    near(at, edge.rate, rate(""));
    near(at, edge.rate_3xx.unwrap_or_default(), rate("3xx"));
    near(at, edge.rate_4xx.unwrap_or_default(), rate("4xx"));
    near(at, edge.rate_5xx.unwrap_or_default(), rate("5xx"));
    near(at, edge.rate_err.unwrap_or_default(), rate("Err"));
    near(at, edge.rate_no_response.unwrap_or_default(), rate("NoResponse"));
    // The cases print one decimal.
    let percent = edge.error_percent.map_or(0.0, |percent| (percent * 10.0).round() / 10.0);
    near(at, percent, rate("PercentErr"));
    let mut shares = BTreeMap::<(String, String), f64>::new();
    for response in &edge.responses {
        let share = 100.0 * response.rate / edge.rate;
        *shares.entry((response.code.to_string(), response.flags.to_string())).or_default() +=
            share;
    }
    let flags = expected.responses.iter().flat_map(|(code, parts)| {
        let flags = parts.get("flags").into_iter().flatten();
        flags.map(move |(flag, share)| ((code.clone(), flag.clone()), share))
    });
    for (response, share) in flags {
        let ours = shares.remove(&response).unwrap_or_default();
        near(&format!("{at} {response:?}"), (ours * 10.0).round() / 10.0, Some(share));
    }
    // Rows of messages carry no flags: the cases list only their hosts.
    let has_flags = expected.responses.values().any(|parts| parts.contains_key("flags"));
    assert!(shares.is_empty() || !has_flags, "{at}: {shares:?} is too much");
}
