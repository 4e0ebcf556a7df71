//! Telemetry as meshes really have it: codes of every kind, half-known ends, ztunnels and
//! waypoints, series that begin, end and break.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};
use vigla::demo::prometheus::{Labels, NAME, Store};
use vigla::mesh::graph::{Graph, GraphInput, GraphOptions, NodeFlag, Protocol, RateKind, build};
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::telemetry::{Part, RateRow, Telemetry};
use vigla::mesh::{Objects, Scope};
use vigla::source::prometheus::{Client, LatencyBy, PrometheusOptions, TelemetryRequest, decode};

use crate::embedded;
use crate::kinds::{pod, row};

fn rows(values: &[Value]) -> Part<RateRow> {
    let body = json!({"status": "success", "data": {"resultType": "vector", "result": values}});
    Part::Rows(Arc::new(decode::rates([body.to_string()]).unwrap().rows))
}

pub(crate) fn graph(telemetry: &Telemetry, objects: &Objects, options: &GraphOptions) -> Graph {
    build(&GraphInput {
        objects,
        inventory: &Inventory::of(objects),
        telemetry,
        scope: &Scope::Namespaces(vec!["shop".into()]),
        options,
        health: &HealthConfig::default(),
    })
}

fn of_requests(values: &[Value]) -> Graph {
    let telemetry = Telemetry { requests: rows(values), ..Telemetry::default() };
    graph(&telemetry, &Objects::default(), &GraphOptions::default())
}

#[rstest]
#[case::http("http", "200", "", Protocol::Http, "200", 0.0)]
#[case::redirect("http", "301", "", Protocol::Http, "301", 0.0)]
#[case::not_found("http", "404", "", Protocol::Http, "404", 100.0)]
#[case::unavailable("http", "503", "", Protocol::Http, "503", 100.0)]
#[case::no_response("http", "0", "", Protocol::Http, "-", 100.0)]
#[case::a_status_beside_http_says_nothing("http", "200", "14", Protocol::Http, "200", 0.0)]
#[case::grpc_ok("grpc", "200", "0", Protocol::Grpc, "0", 0.0)]
#[case::grpc_unavailable("grpc", "200", "14", Protocol::Grpc, "14", 100.0)]
#[case::grpc_without_status("grpc", "200", "", Protocol::Grpc, "200", 0.0)]
#[case::http_failed_before_grpc("grpc", "503", "14", Protocol::Grpc, "503", 100.0)]
#[case::grpc_no_response("grpc", "0", "", Protocol::Grpc, "-", 100.0)]
#[case::whatever_else_is_requests_too("mongo", "200", "", Protocol::Http, "200", 0.0)]
fn outcomes_by_code(
    #[case] spoken: &str,
    #[case] code: &str,
    #[case] status: &str,
    #[case] protocol: Protocol,
    #[case] shown: &str,
    #[case] errors: f64,
) {
    let labels = json!({
        "request_protocol": spoken, "response_code": code, "grpc_response_status": status,
    });
    let graph = of_requests(&[row("source", "web-v1@shop", "a-v1@shop", "a@shop", &labels)]);
    let [edge] = graph.edges.as_slice() else { panic!("{:#?}", graph.edges) };
    assert_eq!(edge.protocol, protocol);
    assert_eq!(&*edge.responses[0].code, shown);
    assert_eq!(edge.error_percent, Some(errors));
}

#[rstest]
#[case::known(json!({}), Some("app:Kubernetes/shop/a/v1"))]
#[case::its_cluster_is_that_of_the_caller(
    json!({"destination_cluster": "unknown"}), Some("app:Kubernetes/shop/a/v1")
)]
#[case::nobody_knows_a_cluster(
    json!({"destination_cluster": "unknown", "source_cluster": ""}), None
)]
#[case::an_address(
    json!({"destination_workload": "unknown", "destination_canonical_service": "unknown",
           "destination_service": "10.0.0.1:80", "destination_service_name": "10.0.0.1:80"}),
    None
)]
#[case::an_address_of_a_workload(
    json!({"destination_service": "10.0.0.1:80", "destination_service_name": "10.0.0.1:80"}),
    Some("app:Kubernetes/shop/a/v1")
)]
#[case::only_its_app_is_known(
    json!({"destination_workload": "unknown"}), Some("app:Kubernetes/shop/a/v1")
)]
#[case::only_its_workload_is_known(
    json!({"destination_canonical_service": "unknown"}), Some("workload:Kubernetes/shop/a-v1")
)]
#[case::no_version_is_told(
    json!({"destination_canonical_revision": "latest"}),
    Some("app:Kubernetes/shop/a/latest/a-v1")
)]
#[case::in_another_cluster(
    json!({"destination_cluster": "west"}), Some("app:west/shop/a/v1")
)]
#[case::nothing_but_the_service(
    json!({"destination_workload": "unknown", "destination_workload_namespace": "unknown",
           "destination_canonical_service": "unknown", "destination_cluster": "unknown"}),
    Some("service:Kubernetes/shop/a")
)]
fn targets_of_half_known_rows(#[case] labels: Value, #[case] target: Option<&str>) {
    let graph = of_requests(&[row("source", "web-v1@shop", "a-v1@shop", "a@shop", &labels)]);
    let targets: Vec<&str> = graph.edges.iter().map(|edge| &*edge.target).collect();
    assert_eq!(targets, target.into_iter().collect::<Vec<_>>());
}

/// In ambient the ztunnels of both ends count the bytes, to the waypoint and from it, and the
/// waypoint counts the requests.
#[rstest]
#[case::plain(false, 3)]
#[case::with_service_nodes(true, 4)]
fn ztunnels_count_bytes_once_and_waypoints_requests(
    #[case] service_nodes: bool,
    #[case] edges: usize,
) {
    let mut waypoint = pod("shop", "waypoint", true, true);
    waypoint["metadata"]["labels"]["gateway.istio.io/managed"] = json!("istio.io-mesh-controller");
    let objects = Objects::from_values([waypoint]);
    let (web, way, end) = ("web-v1@shop", "waypoint@shop", "reviews-v1@shop");
    let bytes = |reporter: &str, source: &str, target: &str, policy: &str| {
        let labels = json!({
            "rate": 1000, "app": "ztunnel", "request_protocol": "tcp", "response_code": "",
            "connection_security_policy": policy,
        });
        row(reporter, source, target, "reviews@shop", &labels)
    };
    let telemetry = Telemetry {
        requests: rows(&[row("waypoint", web, end, "reviews@shop", &json!({"rate": 4}))]),
        tcp_received: rows(&[
            bytes("source", web, way, "mutual_tls"),
            bytes("destination", web, way, "mutual_tls"),
            bytes("source", way, end, "mutual_tls"),
            bytes("destination", way, end, "mutual_tls"),
        ]),
        ..Telemetry::default()
    };
    let options = GraphOptions { service_nodes, ..GraphOptions::default() };
    let graph = graph(&telemetry, &objects, &options);
    assert_eq!(graph.edges.len(), edges, "{:#?}", graph.edges);
    let waypoint = "workload:Kubernetes/shop/waypoint";
    assert!(graph.node(waypoint).unwrap().has(NodeFlag::Waypoint));
    for edge in graph.edges.iter().filter(|edge| edge.protocol == Protocol::Tcp) {
        assert!([&*edge.source, &*edge.target].contains(&waypoint), "{edge:?}");
        assert_eq!((edge.rate, edge.mtls_percent), (1000.0, Some(100.0)));
    }
    let requests = graph.edges.iter().filter(|edge| edge.protocol == Protocol::Http);
    assert!(requests.clone().count() > 0);
    assert!(requests.clone().all(|edge| (edge.rate - 4.0).abs() < 1e-9));
}

/// Connections are open on both ends, but a ztunnel alone knows what a caller outside ambient
/// sent; bytes sent and received are the two halves of the total.
#[test]
fn bytes_of_both_directions_make_the_total() {
    let tcp = |reporter: &str, source: &str, rate: u32| {
        let labels = json!({"rate": rate, "app": "ztunnel", "response_code": ""});
        [row(reporter, source, "db-v1@shop", "db@shop", &labels)]
    };
    let telemetry = Telemetry {
        tcp_received: rows(
            &[tcp("source", "web-v1@shop", 30), tcp("destination", "-", 5)].concat(),
        ),
        tcp_sent: rows(&tcp("source", "web-v1@shop", 70)),
        ..Telemetry::default()
    };
    let rates = |kind| {
        let options = GraphOptions { tcp: kind, ..GraphOptions::default() };
        let graph = graph(&telemetry, &Objects::default(), &options);
        graph.edges.iter().map(|edge| edge.rate).collect::<Vec<_>>()
    };
    assert_eq!(rates(RateKind::Sent), [30.0, 5.0]);
    assert_eq!(rates(RateKind::Received), [70.0]);
    assert_eq!(rates(RateKind::Total), [100.0, 5.0]);
    assert!(rates(RateKind::None).is_empty());
}

#[test]
fn values_that_are_no_finite_numbers_are_left_out() {
    let values: Vec<Value> = ["NaN", "+Inf", "-Inf", "2.5", "-1", "nonsense"]
        .iter()
        .map(|value| {
            let mut sample = row("source", "web-v1@shop", "a-v1@shop", "a@shop", &json!({}));
            sample["value"][1] = json!(value);
            sample
        })
        .collect();
    let graph = of_requests(&values);
    assert_eq!(graph.edges.len(), 1);
    assert!((graph.edges[0].rate - 2.5).abs() < 1e-9, "{:?}", graph.edges[0]);
}

/// When the samples of the tests below end, in seconds.
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) const REQUESTS: &str = "istio_requests_total";

/// Adds a counter with the labels of a row: samples every 15 s of the last ten minutes, as far as
/// there is a value.
pub(crate) fn counter(
    store: &mut Store,
    name: &str,
    sample: &Value,
    value: impl Fn(i64) -> Option<f64>,
) {
    let labels = sample["metric"].as_object().unwrap().iter();
    let labels = labels.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
    let named = labels.chain([(NAME.to_owned(), name.to_owned())]);
    let id = store.series(&Labels::new(named.map(|(name, value)| (name.into(), value.into()))));
    let mut ended = false;
    for past in (-600..=0).step_by(15) {
        match value(past) {
            Some(value) => assert!(store.append(id, (NOW + past) * 1000, value)),
            // As Prometheus marks what a target no longer shows.
            None if !ended => ended = store.end(id, (NOW + past) * 1000),
            None => {}
        }
    }
}

/// The edges of a minute's requests to and from `shop` as a server of the store answers: what is
/// called, and how often.
async fn edges(client: &Client, now: i64) -> Vec<(String, f64)> {
    let scope = Scope::Namespaces(vec!["shop".into()]);
    let options = GraphOptions::default();
    let asked = TelemetryRequest {
        time: Some(Timestamp::from_second(now).unwrap()),
        latency: Some(LatencyBy::Edge),
        ..TelemetryRequest::for_graph(scope, Duration::from_secs(60), &options)
    };
    let telemetry = client.refresh(&asked).await;
    assert_eq!(telemetry.trouble(), None);
    let graph = graph(&telemetry, &Objects::default(), &options);
    graph.edges.iter().map(|edge| (edge.target.to_string(), edge.rate)).collect()
}

fn names(edges: &[(String, f64)]) -> Vec<&str> {
    edges.iter().map(|(name, _)| name.rsplit('/').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn series_that_reset_begin_and_end_within_the_window() {
    let mut store = Store::new(embedded::FOREVER);
    let steady = |past: i64| 2.0 * (past + 600) as f64;
    let reset = |past: i64| if past < -30 { steady(past) } else { 2.0 * (past + 45) as f64 };
    let mut add = |version: &str, value: &dyn Fn(i64) -> Option<f64>| {
        let to = format!("a-{version}@shop");
        let sample = row("source", "web-v1@shop", &to, "a@shop", &json!({}));
        counter(&mut store, REQUESTS, &sample, value);
    };
    add("steady", &|past| Some(steady(past)));
    add("reset", &|past| Some(reset(past)));
    add("born", &|past| (past > -40).then(|| 100.0 + 2.0 * (past + 30) as f64));
    add("gone", &|past| (past < -30).then(|| steady(past)));
    add("long_gone", &|past| (past < -90).then(|| steady(past)));
    add("broken", &|_| Some(f64::NAN));
    add("endless", &|_| Some(f64::INFINITY));
    let url = embedded::serve(store, NOW).await;
    let client = Client::new(&PrometheusOptions::new(url)).unwrap();
    let now = edges(&client, NOW).await;
    assert_eq!(names(&now), ["born", "gone", "reset", "steady"], "{now:?}");
    // What began is not credited with what it had counted before anyone looked; what ended counts
    // as long as the window holds its last requests.
    assert!(now[0].1 > 0.5 && now[0].1 < 2.1, "{now:?}");
    assert!(now[1].1 > 0.0 && now[1].1 < 2.0, "{now:?}");
    assert!((now[2].1 - 2.0).abs() < 0.2 && (now[3].1 - 2.0).abs() < 1e-6, "{now:?}");
    let before = edges(&client, NOW - 120).await;
    assert_eq!(names(&before), ["gone", "long_gone", "reset", "steady"], "{before:?}");
}

/// Of a namespace that is asked about also those requests that no workload of it ever took.
#[tokio::test(flavor = "multi_thread")]
async fn failures_of_callers_elsewhere_belong_to_what_they_called() {
    let mut store = Store::new(embedded::FOREVER);
    let failing = json!({
        "response_code": "503", "response_flags": "UH", "destination_cluster": "Kubernetes",
    });
    for service in ["a@shop", "b@bank"] {
        let sample = row("source", "till-v1@bank", "-", service, &failing);
        counter(&mut store, REQUESTS, &sample, |past| Some(2.0 * (past + 600) as f64));
    }
    let url = embedded::serve(store, NOW).await;
    let found = edges(&Client::new(&PrometheusOptions::new(url)).unwrap(), NOW).await;
    assert_eq!(found, [("service:Kubernetes/shop/a".to_owned(), 2.0)]);
}

#[rstest]
#[case::a_source_never_knows(&[("source", 4, "unknown")], None)]
#[case::all_of_it(&[("source", 4, "unknown"), ("destination", 4, "mutual_tls")], Some(100.0))]
#[case::a_part(&[("destination", 3, "mutual_tls"), ("destination", 1, "none")], Some(75.0))]
#[case::a_waypoint_where_nobody_else(&[("waypoint", 4, "mutual_tls")], Some(100.0))]
#[case::the_end_before_a_waypoint(
    &[("waypoint", 4, "mutual_tls"), ("destination", 4, "none")], Some(0.0)
)]
fn mutual_tls_is_told_by_who_receives(
    #[case] reports: &[(&str, u32, &str)],
    #[case] percent: Option<f64>,
) {
    let rows: Vec<Value> = reports
        .iter()
        .map(|(reporter, rate, policy)| {
            let labels = json!({"rate": rate, "connection_security_policy": policy});
            row(reporter, "web-v1@shop", "a-v1@shop", "a@shop", &labels)
        })
        .collect();
    let graph = of_requests(&rows);
    assert_eq!(graph.edges.len(), 1);
    assert!((graph.edges[0].rate - 4.0).abs() < 1e-9, "{:?}", graph.edges[0]);
    assert_eq!(graph.edges[0].mtls_percent, percent);
}
