//! Latency: one reporter a call, though only of some calls more than the source's histograms are
//! read.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use vigla::demo::prometheus::Store;
use vigla::mesh::graph::{Graph, GraphOptions};
use vigla::mesh::{Objects, Scope};
use vigla::source::prometheus::{Client, LatencyBy, PrometheusOptions, TelemetryRequest};

use crate::embedded;
use crate::kinds::row;
use crate::odd::{NOW, REQUESTS, counter, graph};

const DURATION: &str = "istio_request_duration_milliseconds";

/// Two requests a second, each of them faster than `le`.
fn call(store: &mut Store, sample: &Value, le: &str) {
    let steady = |past: i64| Some(2.0 * (past + 600) as f64);
    for name in [REQUESTS, &format!("{DURATION}_count")] {
        counter(store, name, sample, steady);
    }
    for le in [le, "+Inf"] {
        let mut bucket = sample.clone();
        bucket["metric"]["le"] = json!(le);
        counter(store, &format!("{DURATION}_bucket"), &bucket, steady);
    }
}

/// The graph of these calls: who reports, from where, to where, and how fast.
async fn asked(calls: &[(&str, &str, &str, &str)], scope: Scope) -> (Graph, Vec<String>) {
    let mut store = Store::new(embedded::FOREVER);
    for (reporter, from, to, le) in calls {
        let service = format!("{}@shop", to.split('-').next().unwrap());
        call(&mut store, &row(reporter, from, to, &service, &json!({})), le);
    }
    let client = Client::new(&PrometheusOptions::new(embedded::serve(store, NOW).await)).unwrap();
    let options = GraphOptions { service_nodes: false, ..GraphOptions::default() };
    let request = TelemetryRequest {
        time: Some(Timestamp::from_second(NOW).unwrap()),
        latency: Some(LatencyBy::Edge),
        ..TelemetryRequest::for_graph(scope, Duration::from_secs(60), &options)
    };
    let telemetry = client.refresh(&request).await;
    assert_eq!(telemetry.trouble(), None);
    let asked = telemetry.queries.iter().filter(|(name, _)| *name == "latency");
    let asked = asked.map(|(_, text)| text.clone()).collect();
    (graph(&telemetry, &Objects::default(), &options), asked)
}

fn p95(graph: &Graph, source: &str, target: &str) -> Option<f64> {
    let mut edges = graph.edges.iter();
    let edge = edges.find(|edge| edge.source.contains(source) && edge.target.contains(target));
    edge.unwrap_or_else(|| panic!("{source} to {target}: {:#?}", graph.edges)).latency_ms?.p95
}

const WEB: &str = "web-v1@shop";

#[tokio::test(flavor = "multi_thread")]
async fn the_source_tells_else_the_waypoint_else_the_destination() {
    for scope in [Scope::All, Scope::Namespaces(vec!["shop".into()])] {
        let calls = [
            ("source", WEB, "a-v1@shop", "10"),
            ("destination", WEB, "a-v1@shop", "100"),
            ("destination", "-", "a-v1@shop", "50"),
            ("waypoint", WEB, "b-v1@shop", "20"),
            ("destination", WEB, "b-v1@shop", "200"),
            ("destination", WEB, "c-v1@shop", "400"),
        ];
        let (graph, _) = asked(&calls, scope).await;
        assert_eq!(p95(&graph, "/web/", "/a/"), Some(9.5));
        assert_eq!(p95(&graph, "unknown", "/a/"), Some(47.5));
        assert_eq!(p95(&graph, "/web/", "/b/"), Some(19.0));
        assert_eq!(p95(&graph, "/web/", "/c/"), Some(380.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_every_source_tells_nobody_elses_histograms_are_read() {
    let calls = [("source", WEB, "a-v1@shop", "10"), ("destination", WEB, "a-v1@shop", "100")];
    let (graph, queries) = asked(&calls, Scope::All).await;
    assert_eq!(p95(&graph, "/web/", "/a/"), Some(9.5));
    assert!(!queries[0].contains(r#"reporter="destination""#), "{queries:?}");
    let calls = [calls[0], calls[1], ("destination", "-", "a-v1@shop", "50")];
    let (_, queries) = asked(&calls, Scope::All).await;
    let narrowed = r#"reporter="destination",source_workload="unknown""#;
    assert!(queries[0].contains(narrowed) && !queries[0].contains("waypoint"), "{queries:?}");
}
