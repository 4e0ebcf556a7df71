//! Against a real Prometheus: scopes, latency, integer counts, odd samples.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use vigla::mesh::graph::{Graph, GraphInput, GraphOptions, GraphType, Health, build};
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::telemetry::Telemetry;
use vigla::mesh::{Objects, Scope};
use vigla::source::prometheus::{Client, LatencyBy, PrometheusOptions, TelemetryRequest};

use crate::prometheus::RealPrometheus;

/// When the samples end and everything is asked.
const NOW: i64 = 1_700_000_000;
const BOUNDS: [&str; 6] = ["1", "5", "10", "50", "100", "+Inf"];

/// OpenMetrics text of counters, sampled every 15 s over ten minutes.
#[derive(Default)]
struct World {
    requests: String,
    buckets: String,
    up: String,
}

struct Flow {
    reporter: &'static str,
    from: (&'static str, &'static str),
    to: (&'static str, &'static str),
    code: &'static str,
}

impl Flow {
    fn labels(&self) -> String {
        let (source_namespace, source) = self.from;
        let (namespace, workload) = self.to;
        let service = workload.split('-').next().unwrap();
        let app = source.split('-').next().unwrap();
        format!(
            "instance=\"{source}\",job=\"pods\",reporter=\"{}\",source_cluster=\"Kubernetes\",\
             source_workload_namespace=\"{source_namespace}\",source_workload=\"{source}\",\
             source_canonical_service=\"{app}\",source_canonical_revision=\"v1\",\
             destination_cluster=\"Kubernetes\",destination_workload_namespace=\"{namespace}\",\
             destination_workload=\"{workload}\",destination_canonical_service=\"{service}\",\
             destination_canonical_revision=\"v1\",destination_service_namespace=\"{namespace}\",\
             destination_service=\"{service}.{namespace}.svc.cluster.local\",\
             destination_service_name=\"{service}\",request_protocol=\"http\",\
             response_code=\"{}\",response_flags=\"-\",connection_security_policy=\"{}\"",
            self.reporter,
            self.code,
            if self.reporter == "source" { "unknown" } else { "mutual_tls" },
        )
    }
}

fn times() -> impl Iterator<Item = i64> {
    (NOW - 600..=NOW).step_by(15)
}

impl World {
    /// A counter with a value at each time; `None` is a missed scrape.
    fn counter(&mut self, flow: &Flow, value: impl Fn(i64) -> Option<f64>) {
        for time in times() {
            if let Some(value) = value(time) {
                writeln!(self.requests, "istio_requests_total{{{}}} {value} {time}", flow.labels())
                    .unwrap();
            }
        }
    }

    /// A histogram that gains `per_second` in each of its buckets, not cumulative.
    fn histogram(&mut self, flow: &Flow, per_second: [f64; 6]) {
        for time in times() {
            let mut sum = 0.0;
            for (bound, rate) in BOUNDS.iter().zip(per_second) {
                sum += rate * (time - NOW + 600) as f64;
                let labels = flow.labels();
                writeln!(self.buckets, "istio_request_duration_milliseconds_bucket{{{labels},le=\"{bound}\"}} {sum} {time}").unwrap();
            }
            let labels = flow.labels();
            writeln!(
                self.buckets,
                "istio_request_duration_milliseconds_count{{{labels}}} {sum} {time}"
            )
            .unwrap();
            writeln!(
                self.buckets,
                "istio_request_duration_milliseconds_sum{{{labels}}} {} {time}",
                sum * 7.0
            )
            .unwrap();
        }
    }

    fn target(&mut self, instance: &str) {
        for time in times() {
            writeln!(self.up, "up{{instance=\"{instance}\",job=\"pods\"}} 1 {time}").unwrap();
        }
    }

    async fn telemetry(&self, request: TelemetryRequest) -> Option<(Telemetry, RealPrometheus)> {
        let text = format!(
            "# TYPE istio_requests counter\n{}# TYPE istio_request_duration_milliseconds histogram\n{}\
             # TYPE up gauge\n{}# EOF\n",
            self.requests, self.buckets, self.up
        );
        let server = RealPrometheus::with_openmetrics(&text)?;
        let client = Client::new(&PrometheusOptions::new(server.url())).unwrap();
        let time = Some(Timestamp::from_second(NOW).unwrap());
        let telemetry = client.refresh(&TelemetryRequest { time, ..request }).await;
        Some((telemetry, server))
    }
}

fn request(scope: Scope, window: u64) -> TelemetryRequest {
    TelemetryRequest {
        latency: Some(LatencyBy::Edge),
        counts: true,
        ..TelemetryRequest::for_graph(scope, Duration::from_secs(window), &GraphOptions::default())
    }
}

fn graph(telemetry: &Telemetry, scope: &Scope, graph_type: GraphType) -> Graph {
    let objects = Objects::default();
    build(&GraphInput {
        objects: &objects,
        inventory: &Inventory::of(&objects),
        telemetry,
        scope,
        options: &GraphOptions { graph_type, ..GraphOptions::default() },
        health: &HealthConfig::default(),
    })
}

const A: (&str, &str) = ("shop", "web-v1");
const B: (&str, &str) = ("bank", "till-v1");
const C: (&str, &str) = ("shop", "reviews-v1");

fn near(ours: Option<f64>, expected: f64) {
    assert!(ours.is_some_and(|ours| (ours - expected).abs() < 1e-3), "{ours:?} for {expected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quantiles_of_a_node_are_those_of_all_its_callers_together() {
    let mut world = World::default();
    let flow = |reporter, from| Flow { reporter, from, to: C, code: "200" };
    for (from, rates) in [(A, [0.0, 9.0, 1.0, 0.0, 0.0, 0.0]), (B, [0.0, 0.0, 0.0, 2.0, 6.0, 2.0])]
    {
        world.counter(&flow("source", from), |time| Some((time - NOW + 600) as f64 * 10.0));
        world.counter(&flow("destination", from), |time| Some((time - NOW + 600) as f64 * 10.0));
        world.histogram(&flow("source", from), rates);
        // What the server took is less: it must not be mixed in.
        world.histogram(&flow("destination", from), [10.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
    let Some((telemetry, server)) = world.telemetry(request(Scope::All, 60)).await else { return };
    let ours = graph(&telemetry, &Scope::All, GraphType::VersionedApp);
    let node = ours.node("app:Kubernetes/shop/reviews/v1").unwrap();
    let latency = node.latency_ms.unwrap();
    let client = Client::new(&PrometheusOptions::new(server.url())).unwrap();
    for (q, quantile) in [("0.5", latency.p50), ("0.95", latency.p95), ("0.99", latency.p99)] {
        let query = format!(
            "histogram_quantile({q}, sum by (le) \
             (rate(istio_request_duration_milliseconds_bucket{{reporter=\"source\"}}[60s])))"
        );
        let series = client.query(&query, Some(telemetry.evaluated_at)).await.unwrap();
        near(quantile, series[0].points[0].1);
    }
    near(latency.avg, 7.0);
    let edge = ours.edges.iter().find(|edge| edge.source.contains("/web/")).unwrap();
    near(edge.latency_ms.unwrap().p95, 5.0 + 5.0 * 0.5);
    near(edge.mtls_percent, 100.0);
    near(Some(edge.rate), 10.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_asks_for_what_touches_it_and_nothing_else() {
    let mut world = World::default();
    let steady = |time: i64| Some((time - NOW + 600) as f64);
    for reporter in ["source", "destination"] {
        for (from, to) in [(A, B), (B, C), (B, ("bank", "vault-v1")), (A, C)] {
            world.counter(&Flow { reporter, from, to, code: "200" }, steady);
            world.histogram(&Flow { reporter, from, to, code: "200" }, [1.0; 6]);
        }
    }
    for names in [vec!["shop"], vec!["bank", "shop"]] {
        let scope = Scope::Namespaces(names.iter().map(|name| Arc::from(*name)).collect());
        let Some((telemetry, _)) = world.telemetry(request(scope.clone(), 60)).await else {
            return;
        };
        let graph = graph(&telemetry, &scope, GraphType::Workload);
        let edges: Vec<String> =
            graph.edges.iter().map(|e| format!("{} {}", e.source, e.target)).collect();
        assert_eq!(edges.len(), if names.len() == 1 { 3 } else { 4 }, "{edges:?}");
        assert!(graph.edges.iter().all(|edge| (edge.rate - 1.0).abs() < 1e-6));
        assert!(graph.edges.iter().all(|edge| edge.latency_ms.is_some()));
        assert_eq!(telemetry.requests.rows().len(), edges.len() * 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_whole_where_rates_lose_the_first_value() {
    let mut world = World::default();
    let flow = |to| Flow { reporter: "source", from: A, to, code: "200" };
    // v1 until 45 s ago, then v3 alone, whose first scrape already shows a burst: the textbook trap.
    let switch = NOW - 45;
    world.counter(&flow(("shop", "reviews-v1")), |time| {
        Some(2.0 * (time.min(switch) - NOW + 600) as f64)
    });
    world.counter(&flow(("shop", "reviews-v3")), |time| {
        (time > switch).then(|| 100.0 + 2.0 * (time - switch) as f64)
    });
    // A counter that restarts in the window, with one scrape missed.
    world.counter(&flow(("shop", "ratings-v1")), |time| match time - NOW {
        -15 => None,
        past if past < -30 => Some(500.0 + (past + 600) as f64),
        past => Some((past + 30) as f64),
    });
    world.target("web-v1");
    let Some((telemetry, _)) = world.telemetry(request(Scope::All, 60)).await else { return };
    let mut counted: Vec<(String, u64)> = telemetry
        .counts
        .rows()
        .iter()
        .map(|row| (row.flow.destination.workload.as_deref().unwrap().to_owned(), row.requests))
        .collect();
    counted.sort();
    // ratings: one step of 15 before the restart, then 0 and 30 after it.
    let expected = [("ratings-v1", 45), ("reviews-v1", 30), ("reviews-v3", 190)];
    assert_eq!(counted, expected.map(|(name, requests)| (name.to_owned(), requests)));
    let rate = |name: &str| {
        let rows = telemetry.requests.rows();
        rows.iter().find(|row| row.flow.destination.workload.as_deref() == Some(name)).unwrap().rate
    };
    assert!(rate("reviews-v3") * 60.0 < 100.0, "rate() does lose it: {}", rate("reviews-v3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_replicas_scraped_is_counted_once() {
    let mut world = World::default();
    for (code, rate) in [("200", 4.0), ("503", 1.0)] {
        for reporter in ["source", "destination"] {
            let flow = Flow { reporter, from: A, to: C, code };
            world.counter(&flow, |time| Some((time - NOW + 600) as f64 * rate));
            world.histogram(&flow, [0.0, 9.0, 1.0, 0.0, 0.0, 0.0].map(|part| part * rate / 10.0));
        }
    }
    world.target("web-v1");
    // The second replica missed every fourth scrape, and its last samples have not arrived.
    let twice = |lines: &str| {
        let named = |line: &str, name: &str| {
            line.replacen('{', &format!("{{prometheus_replica=\"{name}\","), 1) + "\n"
        };
        let behind = lines.lines().filter(|line| {
            let time = line.rsplit(' ').next().and_then(|time| time.parse::<i64>().ok());
            time.is_some_and(|time| time <= NOW - 30 && time % 60 != 0)
        });
        let behind: String = behind.map(|line| named(line, "p-1")).collect();
        behind + &lines.lines().map(|line| named(line, "p-0")).collect::<String>()
    };
    let double = World {
        requests: twice(&world.requests),
        buckets: twice(&world.buckets),
        up: twice(&world.up),
    };
    let Some((once, _)) = world.telemetry(request(Scope::All, 60)).await else { return };
    let Some((both, _)) = double.telemetry(request(Scope::All, 60)).await else { return };
    assert_eq!(both.counts, once.counts);
    let graphs =
        [&once, &both].map(|telemetry| graph(telemetry, &Scope::All, GraphType::VersionedApp));
    assert_eq!(graphs[1], graphs[0]);
    let edge = &graphs[1].edges[0];
    near(Some(edge.rate), 5.0);
    near(edge.error_percent, 20.0);
    assert_eq!(edge.health, Health::Failure);
    near(edge.latency_ms.unwrap().p50, 1.0 + 4.0 * 0.5 / 0.9);
    near(edge.latency_ms.unwrap().avg, 7.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_are_no_numbers_are_left_out() {
    let mut world = World::default();
    let flow = |to| Flow { reporter: "source", from: A, to, code: "200" };
    world.counter(&flow(("shop", "nan-v1")), |_| Some(f64::NAN));
    world.counter(&flow(("shop", "reviews-v1")), |time| Some((time - NOW + 600) as f64));
    let asked = TelemetryRequest { idle: true, ..request(Scope::All, 60) };
    let Some((telemetry, _)) = world.telemetry(asked).await else { return };
    let names: Vec<_> = telemetry
        .requests
        .rows()
        .iter()
        .map(|row| row.flow.destination.workload.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["reviews-v1"]);
    assert!(graph(&telemetry, &Scope::All, GraphType::App).edges.len() == 1);
}
