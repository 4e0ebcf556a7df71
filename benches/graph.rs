//! Decoding and building for a mesh of 20 namespaces × 50 services × 2 versions: 4,240 edges,
//! each reported by both proxies.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use vigla::mesh::graph::{GraphInput, GraphOptions, build};
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::telemetry::{Part, Telemetry};
use vigla::mesh::{Objects, Scope};
use vigla::source::prometheus::decode;

/// Source, destination and their namespaces, by number.
type Call = (usize, usize, usize, usize);

/// Every service calls two more, some call the next namespace or back: as many calls between
/// services as make 4,240 edges between versions.
fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for namespace in 0..20 {
        for service in 0..50 {
            let callees =
                [2 * service + 1, 2 * service + 2].into_iter().filter(|callee| *callee < 50);
            calls.extend(callees.map(|callee| (namespace, service, namespace, callee)));
            if service % 17 == 16 {
                calls.push((namespace, service, namespace, (service - 3) / 4));
            }
            if service % 10 == 9 && calls.len() < 1060 {
                calls.push((namespace, service, (namespace + 1) % 20, 0));
            }
        }
    }
    calls
}

fn versions() -> impl Iterator<Item = (u8, u8)> {
    [(1, 1), (1, 2), (2, 1), (2, 2)].into_iter()
}

fn body(samples: &str) -> Vec<u8> {
    let samples = samples.trim_end_matches(',');
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{samples}]}}}}"#)
        .into_bytes()
}

fn rates() -> Vec<u8> {
    let mut text = String::new();
    for (from_namespace, from, to_namespace, to) in calls() {
        for ((source, destination), reporter) in
            versions().flat_map(|pair| ["source", "destination"].map(|reporter| (pair, reporter)))
        {
            write!(
                text,
                r#"{{"metric":{{"connection_security_policy":"mutual_tls","destination_canonical_revision":"v{destination}","destination_canonical_service":"svc-{to:03}","destination_cluster":"Kubernetes","destination_service":"svc-{to:03}.mesh-{to_namespace:02}.svc.cluster.local","destination_service_name":"svc-{to:03}","destination_service_namespace":"mesh-{to_namespace:02}","destination_workload":"svc-{to:03}-v{destination}","destination_workload_namespace":"mesh-{to_namespace:02}","reporter":"{reporter}","request_protocol":"http","response_code":"200","response_flags":"-","source_canonical_revision":"v{source}","source_canonical_service":"svc-{from:03}","source_cluster":"Kubernetes","source_workload":"svc-{from:03}-v{source}","source_workload_namespace":"mesh-{from_namespace:02}"}},"value":[1795354748.795,"3.4735874999999999"]}},"#
            )
            .unwrap_or_default();
        }
    }
    body(&text)
}

const BOUNDS: [&str; 20] = [
    "0.5", "1", "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000",
    "30000", "60000", "300000", "600000", "1.8e+06", "3.6e+06", "+Inf",
];

fn buckets() -> Vec<u8> {
    let mut text = String::new();
    for (from_namespace, from, to_namespace, to) in calls() {
        for (source, destination) in versions() {
            for (at, bound) in BOUNDS.into_iter().enumerate() {
                let rate = (at + 1).min(8);
                write!(
                    text,
                    r#"{{"metric":{{"destination_cluster":"Kubernetes","destination_service_name":"svc-{to:03}","destination_service_namespace":"mesh-{to_namespace:02}","destination_workload":"svc-{to:03}-v{destination}","destination_workload_namespace":"mesh-{to_namespace:02}","le":"{bound}","request_protocol":"http","source_cluster":"Kubernetes","source_workload":"svc-{from:03}-v{source}","source_workload_namespace":"mesh-{from_namespace:02}"}},"value":[1795354748.795,"{rate}.4735874"]}},"#
                )
                .unwrap_or_default();
            }
        }
    }
    body(&text)
}

fn graph(criterion: &mut Criterion) {
    let (rates, buckets) = (rates(), buckets());
    criterion.bench_function("decode rates, 4,240 edges twice", |bench| {
        bench.iter(|| black_box(decode::rates([black_box(&rates)])));
    });
    criterion.bench_function("decode histograms, 4,240 edges", |bench| {
        bench.iter(|| black_box(decode::latency([black_box(&buckets)])));
    });
    let rows = |body: &[u8]| decode::rates([body]).map(|decoded| decoded.rows).unwrap_or_default();
    let histograms = decode::latency([&buckets]).map(|decoded| decoded.rows).unwrap_or_default();
    let plain = Telemetry {
        window: Duration::from_secs(60),
        requests: Part::Rows(Arc::new(rows(&rates))),
        ..Telemetry::default()
    };
    let with_latency = Telemetry { latency: Part::Rows(Arc::new(histograms)), ..plain.clone() };
    let objects = Objects::default();
    let inventory = Inventory::of(&objects);
    for (name, telemetry) in [("build", &plain), ("build with quantiles", &with_latency)] {
        let input = GraphInput {
            objects: &objects,
            inventory: &inventory,
            telemetry,
            scope: &Scope::All,
            options: &GraphOptions::default(),
            health: &HealthConfig::default(),
        };
        let built = build(&input);
        assert!(built.edges.len() > 4_000, "{} edges", built.edges.len());
        criterion.bench_function(&format!("{name}, {} edges", built.edges.len()), |bench| {
            bench.iter(|| black_box(build(black_box(&input))));
        });
    }
}

criterion_group!(benches, graph);
criterion_main!(benches);
