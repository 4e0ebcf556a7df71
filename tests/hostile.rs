//! Whatever comes from outside: no panic, and nothing on any output that could act on a terminal.
//!
//! `VIGLA_CASES` sets how many cases each property sees; the default keeps the suite quick.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use vigla::config::Config;
use vigla::demo::prometheus::{self, Prometheus, Store};
use vigla::layout::glyph::Glyphs;
use vigla::layout::style::StyleTable;
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};
use vigla::mesh::expectation::ExpectationFile;
use vigla::mesh::findings::{FindingInput, analyze};
use vigla::mesh::graph::{GraphInput, GraphOptions, build};
use vigla::mesh::harmless::is_harmful;
use vigla::mesh::health::HealthConfig;
use vigla::mesh::inventory::Inventory;
use vigla::mesh::routing::{Request, Router};
use vigla::mesh::split::verdict::Limits;
use vigla::mesh::split::views;
use vigla::mesh::telemetry::{Part, Telemetry};
use vigla::mesh::traffic::Traffic;
use vigla::mesh::{Key, MeshSnapshot, Objects, Scope, gateways};
use vigla::report::drawing::{DrawingOptions, drawing};
use vigla::report::{self, findings};
use vigla::source::prometheus::decode;

fn config() -> ProptestConfig {
    let cases = std::env::var("VIGLA_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(256), failure_persistence: None, ..Default::default() }
}

/// Text as an attacker, a careless team or a broken exporter writes it.
fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("\u{1b}[2J"),
        Just("\u{1b}]52;c;aGk=\u{7}"),
        Just("\u{9b}31m"),
        Just("\u{202e}"),
        Just("\u{200b}"),
        Just("\u{feff}"),
        Just("\r"),
        Just("\n"),
        Just("\t"),
        Just("\u{0}"),
        Just("e\u{301}\u{301}"),
        Just("日本"),
        Just("\"'<>&`|{}[]#;\\"),
        Just("reviews"),
        Just("v1"),
        Just("-"),
        Just("/"),
        Just("*"),
        Just("unknown"),
        Just("\u{e0041}"),
    ];
    prop_oneof![
        9 => prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat()),
        1 => "\\PC{0,40}",
        1 => Just("x".repeat(10_000)),
    ]
}

/// JSON of any shape, with the words of Kubernetes among its keys.
fn anything() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("spec".to_owned()),
        Just("http".to_owned()),
        Just("match".to_owned()),
        Just("route".to_owned()),
        Just("destination".to_owned()),
        Just("host".to_owned()),
        Just("hosts".to_owned()),
        Just("subset".to_owned()),
        Just("weight".to_owned()),
        Just("ports".to_owned()),
        Just("port".to_owned()),
        Just("number".to_owned()),
        Just("labels".to_owned()),
        Just("selector".to_owned()),
        Just("containers".to_owned()),
        Just("status".to_owned()),
        Just("conditions".to_owned()),
        Just("servers".to_owned()),
        Just("subsets".to_owned()),
        hostile(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        hostile().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Every kind that is read, with nonsense inside.
fn object() -> impl Strategy<Value = Value> {
    let kinds: Vec<_> = Objects::KINDS.iter().map(|kind| kind.info()).collect();
    let body = || (anything(), anything(), anything());
    (prop::sample::select(kinds), hostile(), hostile(), body()).prop_map(
        |(kind, namespace, name, (spec, status, labels))| {
            let version = kind.versions.first().copied().unwrap_or("v1");
            let api = if kind.group.is_empty() {
                version.to_owned()
            } else {
                format!("{}/{version}", kind.group)
            };
            json!({"apiVersion": api, "kind": kind.name, "spec": spec, "status": status,
                "data": status, "metadata": {"namespace": namespace, "name": name,
                "labels": labels, "annotations": labels}})
        },
    )
}

/// A mesh that works, except for what its people call things.
fn mesh(texts: &[String]) -> Vec<Value> {
    let text = |at: usize| texts.get(at % texts.len().max(1)).cloned().unwrap_or_default();
    let labels = json!({"app": text(0), "version": text(1)});
    let meta = |name: String| json!({"name": name, "namespace": "default", "labels": labels, "annotations": {text(2): text(3)}});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": {"istio-injection": "enabled"}}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(text(4)),
            "spec": {"nodeName": text(5), "containers": [{"name": text(6), "image": text(7)}, {"name": "istio-proxy", "image": text(8)}]},
            "status": {"phase": text(9), "reason": text(10), "message": text(11), "containerStatuses":
                [{"name": text(6), "ready": false, "restartCount": 3, "state": {"waiting": {"reason": text(12), "message": text(13)}}}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta(text(0)),
            "spec": {"selector": labels, "ports": [{"name": text(14), "port": 9080}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta(text(15)),
            "spec": {"hosts": [text(0), text(16)], "http": [{"name": text(17),
                "match": [{"headers": {text(18): {"exact": text(19)}}, "uri": {"regex": text(20)}}],
                "route": [{"destination": {"host": text(0), "subset": text(1)}, "weight": 100}]}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": meta(text(21)),
            "spec": {"host": text(0), "subsets": [{"name": text(1), "labels": labels}]}}),
        json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": meta(text(22)),
            "spec": {"selector": labels, "servers": [{"hosts": [text(16), "*"], "port": {"number": 80, "name": text(23), "protocol": text(24)}}]}}),
    ]
}

/// An answer of Prometheus about two workloads with these names.
fn telemetry(texts: &[String]) -> Telemetry {
    let text = |at: usize| texts.get(at % texts.len().max(1)).cloned().unwrap_or_default();
    let metric = json!({"reporter": "source", "source_workload": text(1), "source_workload_namespace": "default",
        "source_canonical_service": text(2), "source_canonical_revision": text(3), "source_cluster": text(4),
        "destination_service": text(5), "destination_service_name": text(0), "destination_service_namespace": "default",
        "destination_workload": text(6), "destination_workload_namespace": "default", "destination_cluster": text(4),
        "destination_canonical_service": text(0), "destination_canonical_revision": text(7),
        "request_protocol": "http", "response_code": text(8), "response_flags": text(9)});
    let body = json!({"status": "success", "warnings": [text(10)],
        "data": {"resultType": "vector", "result": [{"metric": metric, "value": [1, "2.5"]}]}});
    let decoded = decode::rates(body.to_string().as_bytes()).unwrap();
    Telemetry {
        window: Duration::from_secs(60),
        requests: Part::Rows(Arc::new(decoded.rows)),
        ..Telemetry::default()
    }
}

/// Everything that can be printed about a mesh.
fn outputs(objects: Objects, telemetry: Telemetry) -> Vec<(&'static str, String)> {
    let snapshot = MeshSnapshot {
        scope: Scope::All,
        objects,
        telemetry: Some(Arc::new(telemetry)),
        ..MeshSnapshot::default()
    };
    let inventory = Inventory::of(&snapshot.objects);
    let graph = build(&GraphInput {
        objects: &snapshot.objects,
        inventory: &inventory,
        telemetry: snapshot.telemetry.as_ref().unwrap(),
        scope: &snapshot.scope,
        options: &GraphOptions { idle: true, ..GraphOptions::default() },
        health: &HealthConfig::default(),
    });
    let (traffic, now) = (Traffic::of(&graph), Timestamp::UNIX_EPOCH);
    let found = analyze(&FindingInput::new(&snapshot.objects));
    let pods = report::pods::pods(&inventory, &snapshot.scope, now);
    let services = report::services::services(&inventory, &traffic, &snapshot.scope, now);
    let overview = report::overview::overview(&inventory, &traffic, &snapshot.scope, &found);
    let urls = gateways::views(&snapshot.objects, &snapshot.scope);
    let view = ViewGraph::from_graph(&graph, &ViewOptions::default());
    let (scene, _) = layout(&view, &LayoutOptions::default(), None);
    let styles = StyleTable::from_graph(&graph, &view, None);
    let plain = DrawingOptions { glyphs: Glyphs::Rounded, colour: false };
    let mut all = vec![
        ("pods", report::pods::table(&pods, &snapshot.scope, true)),
        ("pods json", report::json("vigla.pods/v1", &pods)),
        ("pods yaml", report::yaml("vigla.pods/v1", &pods)),
        ("services", report::services::table(&services, &snapshot.scope, true)),
        ("overview", report::overview::table(&overview, true)),
        ("url", report::gateways::text(&urls) + &report::gateways::notes(&urls)),
        ("graph json", report::json("v", &report::graph::document(&graph, &snapshot))),
        ("dot", report::graph::dot(&graph)),
        ("mermaid", report::graph::mermaid(&graph)),
        ("drawing", drawing(&scene, &styles, plain)),
        ("findings", findings::text(&found, false)),
        ("findings json", findings::json(&found)),
        ("sarif", findings::sarif(&found)),
        ("junit", findings::junit(&found, vigla::mesh::findings::Level::Info)),
    ];
    for split in views(&snapshot, &inventory, Limits::default()) {
        all.push(("split", report::split::table(&split, false)));
        all.push(("split json", report::json("vigla.split/v1", &split)));
    }
    let router = Router::new(&snapshot.objects);
    for key in snapshot.objects.pods.keys().take(2) {
        all.extend(routes(&router, key, &snapshot.objects));
    }
    all
}

fn routes(router: &Router, pod: &Key, objects: &Objects) -> Vec<(&'static str, String)> {
    let Ok(from) = router.source(&format!("pod/{}", pod.name), &pod.namespace) else {
        return Vec::new();
    };
    let hosts = objects.services.keys().map(|key| key.name.to_string());
    let mut all = Vec::new();
    for host in hosts.chain(["nowhere.example".to_owned()]).take(3) {
        let request = Request {
            from: from.clone(),
            host,
            port: 9080,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            ..Request::default()
        };
        let answer = router.answer(&request);
        all.push(("route", report::route::text(&answer, false)));
        all.push(("route json", report::plain_json(&answer)));
    }
    all
}

fn harmless(outputs: &[(&'static str, String)]) -> Result<(), TestCaseError> {
    for (name, text) in outputs {
        let bad = text.chars().find(|c| is_harmful(*c));
        prop_assert!(bad.is_none(), "{name} has {bad:?}: {text:?}");
        if name.ends_with("json") || *name == "sarif" {
            prop_assert!(serde_json::from_str::<Value>(text).is_ok(), "{name}: {text}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn names_from_outside_reach_no_output(texts in prop::collection::vec(hostile(), 1..25)) {
        harmless(&outputs(Objects::from_values(mesh(&texts)), telemetry(&texts)))?;
    }

    #[test]
    fn objects_of_any_shape_are_read(objects in prop::collection::vec(object(), 0..12)) {
        harmless(&outputs(Objects::from_values(objects), Telemetry::default()))?;
    }

    #[test]
    fn bodies_of_any_kind_are_decoded_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        value in anything(),
        cut in any::<prop::sample::Index>(),
    ) {
        let answer = json!({"status": "success", "data": {"resultType": "vector", "result": [
            {"metric": value, "value": [1, "NaN"]}, {"metric": {}, "value": value}]}});
        let text = answer.to_string();
        let half = &text.as_bytes()[..cut.index(text.len())];
        for body in [bytes.as_slice(), text.as_bytes(), half] {
            let _ = decode::rates(body);
            let _ = decode::latency(body);
            let _ = decode::raw(body);
        }
    }

    #[test]
    fn queries_of_any_kind_are_answered_or_refused(
        words in prop::collection::vec(prop_oneof![
            Just("sum"), Just("rate"), Just("("), Just(")"), Just("["), Just("]"), Just("5m"),
            Just("by"), Just("x"), Just("{"), Just("}"), Just("="), Just("=~"), Just("\"a.*\""),
            Just("1e308"), Just("^"), Just("/"), Just("0"), Just("-"), Just("offset"), Just("@"),
            Just("topk"), Just("histogram_quantile"), Just(","), Just("or"), Just("on"), Just("le"),
        ], 0..20),
        free in "\\PC{0,60}",
    ) {
        let store = Store::new(3_600_000);
        let world = Prometheus::new(store, Arc::new(|| 0), Duration::from_secs(5));
        for query in [words.join(" "), free] {
            if let Ok(expr) = prometheus::parse(&query) {
                let _ = world.instant(&expr, 0);
                let _ = world.range(&expr, (0, 60_000), 15_000);
            }
        }
    }

    #[test]
    fn settings_and_expectations_of_any_kind_are_read_or_refused(
        text in "\\PC{0,120}",
        key in prop_oneof![Just("window"), Just("display"), Just("keys"), Just("health"), Just("graph")],
        value in hostile(),
    ) {
        let line = format!("{key} = {value:?}\n");
        for text in [text.as_str(), &line] {
            for trouble in [
                Config::parse(text, "vigla.toml").err(),
                ExpectationFile::parse(text, "routes.yaml").err(),
            ].into_iter().flatten() {
                let told = trouble.to_string();
                prop_assert!(!told.chars().any(is_harmful), "{told:?}");
            }
        }
    }
}
