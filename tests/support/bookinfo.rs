//! Bookinfo as a cluster would have it at noon of a fixed day, with a minute of traffic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use vigla::mesh::telemetry::{
    Bucket, Called, CountRow, End, Flow, LatencyRow, Part, RateRow, Reporter, Telemetry,
};
use vigla::mesh::{KindState, MeshSnapshot, Objects, Scope, SourceState, SourceStatus};

/// The clock of every test that draws.
pub(crate) fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Bookinfo in `default`, everything listed, telemetry answered.
pub(crate) fn snapshot() -> MeshSnapshot {
    let objects = Objects::from_values(objects());
    let kinds = Objects::KINDS.iter().map(|kind| (*kind, KindState::Listed));
    let status = |address: &str| SourceStatus {
        state: SourceState::Ok,
        last_data: Some(noon()),
        address: address.to_owned(),
        ..SourceStatus::default()
    };
    MeshSnapshot {
        generation: 1,
        taken_at: noon(),
        scope: Scope::Namespaces(vec!["default".into()]),
        context: "bookinfo".to_owned(),
        server_version: Some("v1.36.0".to_owned()),
        kubernetes: status("https://10.0.0.1:6443"),
        prometheus: status("http://prometheus.istio-system:9090"),
        kinds: kinds.collect::<BTreeMap<_, _>>(),
        objects,
        telemetry: Some(Arc::new(telemetry())),
    }
}

/// The same with every namespace asked about.
pub(crate) fn everywhere() -> MeshSnapshot {
    MeshSnapshot { scope: Scope::All, ..snapshot() }
}

fn objects() -> Vec<Value> {
    let mut all = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "status": {"phase": "Active"},
               "metadata": {"name": "default", "labels": {"istio-injection": "enabled"}}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "status": {"phase": "Active"},
               "metadata": {"name": "istio-system"}}),
    ];
    for (app, version, ready) in [
        ("productpage", "v1", true),
        ("details", "v1", true),
        ("ratings", "v1", true),
        ("reviews", "v1", true),
        ("reviews", "v2", true),
        ("reviews", "v3", false),
    ] {
        all.extend(workload("default", app, version, ready));
    }
    for app in ["productpage", "details", "ratings", "reviews"] {
        all.push(service("default", app, json!([{"name": "http", "port": 9080}]), "ClusterIP"));
    }
    all.extend(ingress());
    all.extend(routing());
    all.push(json!({
        "apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "Unhealthy", "count": 7,
        "message": "Readiness probe failed: HTTP probe failed with statuscode: 503",
        "lastTimestamp": "2026-11-23T11:59:30Z",
        "involvedObject": {"kind": "Pod", "apiVersion": "v1", "namespace": "default",
                           "name": "reviews-v3-5c5d7b9c6d-x2x2x"},
        "metadata": {"namespace": "default", "name": "reviews-v3.1"}}));
    all.push(json!({
        "apiVersion": "v1", "kind": "Event", "type": "Normal", "reason": "Scheduled", "count": 1,
        "message": "Successfully assigned default/reviews-v3-5c5d7b9c6d-x2x2x to node-1",
        "lastTimestamp": "2026-11-23T11:40:00Z",
        "involvedObject": {"kind": "Pod", "apiVersion": "v1", "namespace": "default",
                           "name": "reviews-v3-5c5d7b9c6d-x2x2x"},
        "metadata": {"namespace": "default", "name": "reviews-v3.0"}}));
    all
}

fn workload(namespace: &str, app: &str, version: &str, ready: bool) -> Vec<Value> {
    let name = format!("{app}-{version}");
    let hash = "5c5d7b9c6d";
    let created = "2026-11-20T09:30:00Z";
    let labels = json!({"app": app, "version": version});
    let controller = |kind: &str, name: &str| {
        json!([{"apiVersion": "apps/v1", "kind": kind,
        "name": name, "uid": name, "controller": true}])
    };
    let state = |name: &str, ready: bool| {
        json!({"name": name, "ready": ready, "restartCount": 0,
        "state": {"running": {"startedAt": created}}, "started": true})
    };
    let condition = if ready {
        json!({"type": "Ready", "status": "True"})
    } else {
        json!({"type": "Ready", "status": "False", "reason": "ContainersNotReady",
               "message": "containers with unready status: [reviews]"})
    };
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
               "metadata": {"namespace": namespace, "name": name, "creationTimestamp": created},
               "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                        "template": {"metadata": {"labels": labels}}},
               "status": {"replicas": 1, "readyReplicas": i32::from(ready),
                          "updatedReplicas": 1, "availableReplicas": i32::from(ready)}}),
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
               "metadata": {"namespace": namespace, "name": format!("{name}-{hash}"),
                            "ownerReferences": controller("Deployment", &name)}}),
        json!({"apiVersion": "v1", "kind": "Pod",
               "metadata": {"namespace": namespace, "name": format!("{name}-{hash}-x2x2x"),
                            "creationTimestamp": created, "labels": labels,
                            "ownerReferences": controller("ReplicaSet", &format!("{name}-{hash}"))},
               "spec": {"nodeName": "node-1", "serviceAccountName": format!("bookinfo-{app}"),
                        "containers": [
                            {"name": app, "image": format!("docker.io/istio/examples-bookinfo-{app}-{version}:1.20.3"),
                             "ports": [{"containerPort": 9080}]},
                            {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.30.2"}]},
               "status": {"phase": "Running", "podIP": "10.244.0.12", "conditions": [condition],
                          "containerStatuses": [state(app, ready), state("istio-proxy", true)]}}),
    ]
}

fn service(namespace: &str, app: &str, ports: Value, kind: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service",
           "metadata": {"namespace": namespace, "name": app,
                        "creationTimestamp": "2026-11-20T09:30:00Z", "labels": {"app": app}},
           "spec": {"type": kind, "clusterIP": "10.96.10.20", "selector": {"app": app},
                    "ports": ports}})
}

fn ingress() -> Vec<Value> {
    let name = "istio-ingressgateway";
    let labels = json!({"app": name, "istio": "ingressgateway"});
    let mut service = service(
        "istio-system",
        name,
        json!([{"name": "http2", "port": 80, "targetPort": 8080, "nodePort": 31380},
               {"name": "https", "port": 443, "targetPort": 8443, "nodePort": 31390}]),
        "LoadBalancer",
    );
    service["status"] = json!({"loadBalancer": {"ingress": [{"ip": "47.88.21.82"}]}});
    vec![
        service,
        json!({"apiVersion": "v1", "kind": "Pod",
               "metadata": {"namespace": "istio-system", "name": format!("{name}-7d9f8b6c5-abcde"),
                            "creationTimestamp": "2026-11-20T09:00:00Z", "labels": labels},
               "spec": {"nodeName": "node-1", "containers": [
                   {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.30.2",
                    "ports": [{"containerPort": 8080}, {"containerPort": 8443}]}]},
               "status": {"phase": "Running", "podIP": "10.244.0.5",
                          "conditions": [{"type": "Ready", "status": "True"}],
                          "containerStatuses": [{"name": "istio-proxy", "ready": true,
                              "state": {"running": {"startedAt": "2026-11-20T09:00:00Z"}}}]}}),
    ]
}

fn routing() -> Vec<Value> {
    let path = |kind: &str, path: &str| json!({"uri": {(kind): path}});
    let route = |subset: &str, weight: u32| {
        json!({"destination": {"host": "reviews",
        "subset": subset}, "weight": weight})
    };
    let subset = |name: &str| json!({"name": name, "labels": {"version": name}});
    vec![
        json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway",
               "metadata": {"namespace": "default", "name": "bookinfo-gateway"},
               "spec": {"selector": {"istio": "ingressgateway"},
                        "servers": [{"port": {"number": 8080, "name": "http", "protocol": "HTTP"},
                                     "hosts": ["*"]}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
               "metadata": {"namespace": "default", "name": "bookinfo"},
               "spec": {"hosts": ["*"], "gateways": ["bookinfo-gateway"],
                        "http": [{"match": [path("exact", "/productpage"), path("prefix", "/static"),
                                            path("exact", "/login"), path("exact", "/logout"),
                                            path("prefix", "/api/v1/products")],
                                  "route": [{"destination": {"host": "productpage",
                                                             "port": {"number": 9080}}}]}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
               "metadata": {"namespace": "default", "name": "reviews"},
               "spec": {"hosts": ["reviews"], "http": [
                   {"match": [{"headers": {"end-user": {"exact": "jason"}}}],
                    "route": [{"destination": {"host": "reviews", "subset": "v2"}}]},
                   {"route": [route("v1", 80), route("v3", 20)]}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
               "metadata": {"namespace": "default", "name": "reviews"},
               "spec": {"host": "reviews", "subsets": [subset("v1"), subset("v2"), subset("v3")]}}),
    ]
}

/// Who calls whom: caller, its version, called, its version, rate, share of 503, p95.
const CALLS: [(&str, &str, &str, &str, f64, f64, f64); 7] = [
    ("istio-ingressgateway", "latest", "productpage", "v1", 4.1, 0.0, 41.0),
    ("productpage", "v1", "details", "v1", 4.1, 0.0, 3.0),
    ("productpage", "v1", "reviews", "v1", 3.2, 0.0, 9.0),
    ("productpage", "v1", "reviews", "v2", 0.1, 0.0, 18.0),
    ("productpage", "v1", "reviews", "v3", 0.8, 0.06, 210.0),
    ("reviews", "v2", "ratings", "v1", 0.1, 0.0, 7.0),
    ("reviews", "v3", "ratings", "v1", 0.75, 0.0, 7.0),
];

fn telemetry() -> Telemetry {
    let mut requests = Vec::new();
    let mut latency = Vec::new();
    let mut counts = Vec::new();
    for (from, from_version, to, to_version, rate, failing, p95) in CALLS {
        for reporter in [Reporter::Source, Reporter::Destination] {
            let flow = flow(reporter, (from, from_version), (to, to_version));
            for (code, part) in [("200", 1.0 - failing), ("503", failing)] {
                if part > 0.0 {
                    requests.push(RateRow {
                        flow: flow.clone(),
                        code: code.into(),
                        flags: "-".into(),
                        mtls: (reporter == Reporter::Destination).then_some(true),
                        rate: rate * part,
                        ..RateRow::default()
                    });
                    counts.push(CountRow {
                        flow: flow.clone(),
                        code: code.into(),
                        flags: "-".into(),
                        requests: (rate * part * 60.0).round() as u64,
                        scrapes: 4,
                    });
                }
            }
            // Of latency the queries choose one reporter: the one called.
            if reporter == Reporter::Destination {
                let bounds =
                    [(p95 / 2.0, 0.5), (p95, 0.95), (p95 * 2.0, 1.0), (f64::INFINITY, 1.0)];
                let bucket = |(le, part): (f64, f64)| Bucket { le, rate: rate * part };
                latency.push(LatencyRow { flow, buckets: bounds.map(bucket).to_vec() });
            }
        }
    }
    Telemetry {
        evaluated_at: noon(),
        window: Duration::from_secs(60),
        requests: Part::Rows(Arc::new(requests)),
        latency: Part::Rows(Arc::new(latency)),
        counts: Part::Rows(Arc::new(counts)),
        queries: vec![(
            "requests",
            "sum by (source_workload, destination_workload, response_code) \
             (rate(istio_requests_total[1m])) > 0"
                .to_owned(),
        )],
        ..Telemetry::default()
    }
}

fn flow(reporter: Reporter, from: (&str, &str), to: (&str, &str)) -> Flow {
    let end = |(app, version): (&str, &str)| {
        let gateway = app == "istio-ingressgateway";
        End {
            cluster: Some("Kubernetes".into()),
            namespace: Some(if gateway { "istio-system" } else { "default" }.into()),
            workload: Some(
                if gateway { app.to_owned() } else { format!("{app}-{version}") }.into(),
            ),
            app: Some(app.into()),
            version: Some(version.into()),
        }
    };
    Flow {
        reporter,
        source: end(from),
        destination: end(to),
        service: Called {
            host: Some(format!("{}.default.svc.cluster.local", to.0).into()),
            name: Some(to.0.into()),
            namespace: Some("default".into()),
        },
        protocol: "http".into(),
    }
}
