//! Whatever comes from outside: no panic, and nothing on any output that could act on a terminal.
//!
//! `VIGLA_CASES` sets how many cases each property sees; the default keeps the suite quick.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use vigla::app::screen::Screen;
use vigla::config::Config;
use vigla::demo::prometheus::{self, Prometheus, Store};
use vigla::mesh::Objects;
use vigla::mesh::expectation::ExpectationFile;
use vigla::mesh::harmless::is_harmful;
use vigla::mesh::telemetry::Telemetry;
use vigla::source::prometheus::decode;

#[path = "support/outputs.rs"]
#[expect(dead_code, reason = "the fuzzers take one command's outputs")]
mod outputs;

use outputs::{Output, mesh, outputs, screens, telemetry};

fn harmless(outputs: &[Output]) -> Result<(), TestCaseError> {
    outputs::harmless(outputs).map_err(TestCaseError::fail)
}

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

proptest! {
    #![proptest_config(config())]

    #[test]
    fn names_from_outside_reach_no_output(texts in prop::collection::vec(hostile(), 1..25)) {
        harmless(&outputs(Objects::from_values(mesh(&texts)), telemetry(&texts)))?;
    }

    #[test]
    fn names_from_outside_reach_no_cell(
        texts in prop::collection::vec(hostile(), 1..25),
        screen in prop::sample::select(Screen::ALL.to_vec()),
    ) {
        let objects = Objects::from_values(mesh(&texts));
        harmless(&screens(objects, telemetry(&texts), &[screen]))?;
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
            let _ = decode::rates([body]);
            let _ = decode::latency([body]);
            let _ = decode::raw([body]);
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
