//! Budget: with 2,000 services and 1,000 VirtualServices the index in under 50 ms, one question
//! in under 1 ms.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use vigla::mesh::Objects;
use vigla::mesh::routing::{Request, Router, Source, SourceKind};

const SERVICES: usize = 2_000;
const NAMESPACES: usize = 20;

/// One service with a pod of each of two versions; every second one has rules and subsets.
fn service(number: usize) -> Vec<Value> {
    let namespace = format!("team-{}", number % NAMESPACES);
    let name = format!("svc-{number}");
    let meta = |name: &str| json!({"name": name, "namespace": namespace});
    let pod = |version: &str| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("{name}-{version}"), "namespace": namespace,
                "labels": {"app": name, "version": version}},
            "spec": {"containers": [{"name": "app", "image": "app"},
                {"name": "istio-proxy", "image": "proxyv2"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}})
    };
    let mut objects = vec![
        pod("v1"),
        pod("v2"),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(&name),
            "spec": {"clusterIP": format!("10.1.{}.{}", number / 250, number % 250 + 1),
                "selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}}),
    ];
    if (number / NAMESPACES).is_multiple_of(2) {
        objects.push(json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": meta(&name), "spec": {"host": name, "subsets": [
                {"name": "v1", "labels": {"version": "v1"}},
                {"name": "v2", "labels": {"version": "v2"}}]}}));
        objects.push(json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": meta(&name), "spec": {"hosts": [name], "http": [
                {"match": [{"headers": {"end-user": {"exact": "jason"}}}],
                 "route": [{"destination": {"host": name, "subset": "v2"}}]},
                {"route": [
                    {"destination": {"host": name, "subset": "v1"}, "weight": 90},
                    {"destination": {"host": name, "subset": "v2"}, "weight": 10}]}]}}));
    }
    objects
}

fn question(host: &str) -> Request {
    Request {
        from: Source {
            kind: SourceKind::Sidecar,
            namespace: "team-0".into(),
            name: "svc-0-v1".into(),
        },
        host: host.to_owned(),
        port: 80,
        method: "GET".to_owned(),
        path: "/".to_owned(),
        ..Request::default()
    }
}

fn routing(criterion: &mut Criterion) {
    let objects = Objects::from_values((0..SERVICES).flat_map(service));
    criterion.bench_function("routing/index of 2,000 services", |bencher| {
        bencher.iter(|| black_box(Router::new(&objects)));
    });
    let router = Router::new(&objects);
    // Same namespace with rules, another namespace without, and a name nobody has.
    for host in ["svc-40", "svc-21.team-1.svc.cluster.local", "unknown.example.org"] {
        let request = question(host);
        criterion.bench_function(&format!("routing/question to {host}"), |bencher| {
            bencher.iter(|| black_box(router.answer(black_box(&request))));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = routing
}
criterion_main!(benches);
