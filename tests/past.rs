//! The commands on a recorded day: a real Prometheus with backfilled Bookinfo, no cluster.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "a test says why it skips")]

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

#[path = "support/prometheus.rs"]
pub mod prometheus;

use prometheus::RealPrometheus;

/// Midnight of the recorded day, 2026-11-20.
const MIDNIGHT: i64 = 1_795_132_800;
/// Between two samples.
const STEP: i64 = 15;

/// One flow of requests with its rate before and after noon.
struct Flow {
    from: &'static str,
    to: &'static str,
    code: &'static str,
    rates: [f64; 2],
}

const fn flow(from: &'static str, to: &'static str, code: &'static str, rates: [f64; 2]) -> Flow {
    Flow { from, to, code, rates }
}

/// Bookinfo: at noon a fifth of reviews moves to v3, and v3 calls ratings.
const FLOWS: [Flow; 7] = [
    flow("istio-ingressgateway", "productpage-v1", "200", [20.0, 20.0]),
    flow("productpage-v1", "details-v1", "200", [20.0, 20.0]),
    flow("productpage-v1", "reviews-v1", "200", [20.0, 16.0]),
    flow("productpage-v1", "reviews-v3", "200", [0.0, 3.8]),
    flow("productpage-v1", "reviews-v3", "503", [0.0, 0.2]),
    flow("reviews-v3", "ratings-v1", "200", [0.0, 4.0]),
    flow("unknown", "productpage-v1", "200", [1.0, 1.0]),
];

/// From eleven to one o'clock, as OpenMetrics text.
fn samples() -> String {
    let (start, noon, end) = (MIDNIGHT + 11 * 3600, MIDNIGHT + 12 * 3600, MIDNIGHT + 13 * 3600);
    let mut text = String::from("# TYPE istio_requests counter\n");
    for flow in &FLOWS {
        let reporter = if flow.from == "unknown" { "destination" } else { "source" };
        let namespace = |workload: &str| match workload {
            "istio-ingressgateway" => "istio-system",
            "unknown" => "unknown",
            _ => "default",
        };
        let (app, version) = flow.to.split_once('-').unwrap();
        let (from, revision) = flow.from.rsplit_once("-v").unwrap_or((flow.from, "latest"));
        let revision = if revision == "latest" { revision.into() } else { format!("v{revision}") };
        for time in (start..=end).step_by(STEP as usize) {
            let before = (time.min(noon) - start) as f64 * flow.rates[0];
            let after = (time - noon).max(0) as f64 * flow.rates[1];
            let count = (before + after).floor();
            if flow.rates[0] == 0.0 && time < noon {
                continue;
            }
            writeln!(
                text,
                "istio_requests_total{{reporter=\"{reporter}\",source_workload=\"{}\",source_workload_namespace=\"{}\",\
                 source_canonical_service=\"{from}\",source_canonical_revision=\"{revision}\",source_cluster=\"Kubernetes\",\
                 destination_workload=\"{}\",destination_workload_namespace=\"default\",destination_cluster=\"Kubernetes\",\
                 destination_canonical_service=\"{app}\",destination_canonical_revision=\"{version}\",\
                 destination_service=\"{app}.default.svc.cluster.local\",destination_service_name=\"{app}\",\
                 destination_service_namespace=\"default\",request_protocol=\"http\",response_code=\"{}\",\
                 response_flags=\"-\",connection_security_policy=\"unknown\",instance=\"{}\",job=\"pods\"}} {count} {time}",
                flow.from, namespace(flow.from), flow.to, flow.code, flow.from,
            )
            .unwrap();
        }
    }
    text.push_str("# TYPE up gauge\n");
    for instance in ["istio-ingressgateway", "productpage-v1", "reviews-v3", "unknown"] {
        for time in (start..=end).step_by(STEP as usize) {
            writeln!(text, "up{{instance=\"{instance}\",job=\"pods\"}} 1 {time}").unwrap();
        }
    }
    text.push_str("# EOF\n");
    text
}

fn vigla(url: &str, time: &str, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_vigla"))
        .args(args)
        .args(["--no-cluster", "--prometheus-url", url, "--time", time])
        .env_clear()
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?} at {time}: {message}");
    String::from_utf8(output.stdout).unwrap()
}

/// Rate of the edge between two versions, summed over its protocols.
fn rate(graph: &Value, to: (&str, &str)) -> f64 {
    let nodes = graph["nodes"].as_array().unwrap();
    let is = |id: &Value| {
        nodes.iter().any(|node| node["id"] == *id && node["app"] == to.0 && node["version"] == to.1)
    };
    let edges = graph["edges"].as_array().unwrap().iter().filter(|edge| is(&edge["target"]));
    edges.map(|edge| edge["rate"].as_f64().unwrap()).sum()
}

#[test]
fn a_recorded_day_is_answered_as_of_then() {
    let Some(server) = RealPrometheus::with_openmetrics(&samples()) else { return };
    let json = |time: &str, args: &[&str]| -> Value {
        serde_json::from_str(&vigla(server.url(), time, args)).unwrap()
    };
    let graph = |time: &str, window: &str| {
        json(time, &["graph", "-n", "default", "-o", "json", "--window", window])
    };
    let (before, after) = ("2026-11-20T11:45:00Z", "2026-11-20T12:30:00Z");
    let near = |got: f64, want: f64| assert!((got - want).abs() < 0.05, "{got} is not {want}");

    let morning = graph(before, "10m");
    assert_eq!(morning["window_seconds"], 600.0);
    assert_eq!(morning["evaluated_at"], before);
    near(rate(&morning, ("reviews", "v1")), 20.0);
    near(rate(&morning, ("reviews", "v3")), 0.0);
    near(rate(&morning, ("productpage", "v1")), 21.0);

    let noon = graph(after, "10m");
    near(rate(&noon, ("reviews", "v1")), 16.0);
    near(rate(&noon, ("reviews", "v3")), 4.0);
    near(rate(&noon, ("ratings", "v1")), 4.0);
    // The window reaches back before the change.
    near(rate(&graph("2026-11-20T12:05:00Z", "10m"), ("reviews", "v1")), 18.0);

    let split = json(after, &["split", "reviews", "-n", "default", "-o", "json"]);
    let versions = split["versions"].as_array().unwrap();
    let shares: Vec<f64> =
        versions.iter().map(|version| version["observed_percent"].as_f64().unwrap()).collect();
    assert_eq!(shares.len(), 2, "{split}");
    near(shares.iter().sum(), 100.0);
    assert!((shares[0] - 80.0).abs() < 1.0, "{split}");
    assert_eq!(split["verdict"], "no_weights");

    let services = vigla(server.url(), after, &["services", "-n", "default"]);
    let line = services.lines().find(|line| line.starts_with("reviews")).unwrap();
    assert!(line.contains("20") && line.contains("1.0%"), "{services}");
    let overview = vigla(server.url(), after, &["overview", "-n", "default"]);
    assert!(overview.lines().any(|line| line.starts_with("default")), "{overview}");
}
