//! Budget: all findings of 1,000 services with a VirtualService and a DestinationRule each in
//! under 100 ms, after a change of one object in under 10 ms.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use serde_json::{Value, json};
use vigla::mesh::Objects;
use vigla::mesh::findings::{Analyzer, FindingInput, analyze};
use vigla::mesh::object::RawObject;

/// As in the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SERVICES: usize = 1_000;
const NAMESPACES: usize = 20;

/// One service: two versions with a pod each, a split between them, one fault in ten.
fn service(number: usize) -> Vec<Value> {
    let namespace = format!("team-{}", number % NAMESPACES);
    let name = format!("svc-{number}");
    let meta = |name: &str| json!({"name": name, "namespace": namespace});
    let pod = |version: &str| {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("{name}-{version}"), "namespace": namespace,
                "labels": {"app": name, "version": version}},
            "spec": {"containers": [{"name": "app", "image": "app"},
                {"name": "istio-proxy", "image": "proxyv2"}]}})
    };
    let missing = if number.is_multiple_of(10) { "v9" } else { "v2" };
    vec![
        pod("v1"),
        pod("v2"),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(&name),
            "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": meta(&name), "spec": {"host": name, "subsets": [
                {"name": "v1", "labels": {"version": "v1"}},
                {"name": "v2", "labels": {"version": missing}}]}}),
        virtual_service(&namespace, &name, 90),
    ]
}

fn virtual_service(namespace: &str, name: &str, weight: u32) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
        "metadata": {"name": name, "namespace": namespace}, "spec": {"hosts": [name], "http": [
            {"match": [{"headers": {"end-user": {"exact": "jason"}}}],
             "route": [{"destination": {"host": name, "subset": "v2"}}]},
            {"route": [
                {"destination": {"host": name, "subset": "v1"}, "weight": weight},
                {"destination": {"host": name, "subset": "v2"}, "weight": 100 - weight}]}]}})
}

fn mesh() -> Objects {
    let namespaces = (0..NAMESPACES).map(|number| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata":
            {"name": format!("team-{number}"), "labels": {"istio-injection": "enabled"}}})
    });
    Objects::from_values(namespaces.chain((0..SERVICES).flat_map(service)))
}

fn findings(criterion: &mut Criterion) {
    let objects = mesh();
    criterion.bench_function("findings/all of 1,000 services", |bencher| {
        bencher.iter(|| black_box(analyze(&FindingInput::new(&objects))));
    });
    let mut analyzer = Analyzer::default();
    let mut objects = objects;
    analyzer.analyze(&FindingInput::new(&objects));
    let mut weight = 0;
    criterion.bench_function("findings/after a change of one VirtualService", |bencher| {
        bencher.iter(|| {
            weight = (weight + 1) % 100;
            let changed = virtual_service("team-0", "svc-0", weight);
            if let Some(raw) = RawObject::from_value(changed) {
                objects.insert(raw);
            }
            black_box(analyzer.analyze(&FindingInput::new(&objects)))
        });
    });
    let mut pod = service(0).swap_remove(0);
    let mut ready = false;
    criterion.bench_function("findings/after a change of one pod's readiness", |bencher| {
        bencher.iter(|| {
            ready = !ready;
            let status = if ready { "True" } else { "False" };
            pod["status"] = json!({"conditions": [{"type": "Ready", "status": status}]});
            if let Some(raw) = RawObject::from_value(pod.clone()) {
                objects.insert(raw);
            }
            black_box(analyzer.analyze(&FindingInput::new(&objects)))
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = findings
}
criterion_main!(benches);
