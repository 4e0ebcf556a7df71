//! Findings against cases with known answers, and what must hold for any mesh.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic and print")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use vigla::mesh::findings::{
    Analyzer, FindingInput, Report, Source, Suppression, analyze, parse_suppression,
};
use vigla::mesh::object::RawObject;
use vigla::mesh::{Objects, Scope};

#[path = "support/shared.rs"]
pub mod shared;

/// A finding as the cases have it: code, level, object, message.
type Row = (String, String, String, String);

/// One case: what goes in, and what is expected.
struct Case {
    name: String,
    body: Value,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        Self { name, body: serde_json::from_str(&text).unwrap() }
    }

    fn argument(&self, name: &str) -> &Value {
        &self.body["arguments"][name]
    }

    /// The objects of the case; what istioctl takes as given for files is added, as the cases'
    /// README says.
    fn objects(&self) -> Objects {
        let mut values = self.values();
        if self.argument("source") != "cluster" {
            values.extend(given_gateway());
        }
        Objects::from_values(values)
    }

    fn values(&self) -> Vec<Value> {
        let mut values = self.body["objects"].as_array().unwrap().clone();
        let mut data = serde_json::Map::new();
        for (field, key) in [("mesh_config", "mesh"), ("mesh_networks", "meshNetworks")] {
            if let Some(config) = self.body.get(field) {
                data.insert(key.into(), config.to_string().into());
            }
        }
        if !data.is_empty() {
            values.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
                "metadata": {"name": "istio", "namespace": "istio-system"}}));
        }
        values
    }

    fn run(&self) -> Report {
        self.analyze(&self.objects())
    }

    fn analyze(&self, objects: &Objects) -> Report {
        let suppressions: Vec<Suppression> = self
            .argument("suppress")
            .as_array()
            .into_iter()
            .flatten()
            .map(|text| parse_suppression(text.as_str().unwrap()).unwrap())
            .collect();
        let scope = match self.argument("namespace").as_str() {
            Some(namespace) => Scope::Namespaces(vec![namespace.into()]),
            None => Scope::All,
        };
        let source =
            if self.argument("source") == "cluster" { Source::Cluster } else { Source::Files };
        analyze(&FindingInput {
            scope: &scope,
            suppressions: &suppressions,
            source,
            now: "2026-08-22T00:00:00Z".parse().ok(),
            ..FindingInput::files(objects)
        })
    }

    /// What differs from the expectation; empty when it is met. The better answer of a quirk
    /// counts too, also without the gateway that is taken as given.
    fn differences(&self) -> Vec<String> {
        let got = rows(&self.run());
        let expected = differences(&self.body["expect"], &got);
        let Some(better) = self.body.get("better") else { return expected };
        let bare = rows(&self.analyze(&Objects::from_values(self.values())));
        let better = [got, bare].map(|got| differences(better, &got));
        [expected].into_iter().chain(better).min_by_key(Vec::len).unwrap_or_default()
    }
}

fn given_gateway() -> [Value; 2] {
    let meta = |name: &str| json!({"name": name, "namespace": "istio-system", "labels": {"istio": "ingressgateway"}});
    let ports: Vec<Value> = [80, 443, 31400, 15443]
        .iter()
        .map(|port| json!({"name": format!("tcp-{port}"), "port": port, "targetPort": port, "protocol": "TCP"}))
        .collect();
    [
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta("istio-ingressgateway-dummypod"),
               "spec": {"containers": [{"name": "istio-proxy"}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("istio-ingressgateway"),
               "spec": {"selector": {"istio": "ingressgateway"}, "ports": ports}}),
    ]
}

/// istioctl's own codes among the findings.
fn rows(report: &Report) -> BTreeSet<Row> {
    let ours = report.findings.iter().filter(|finding| finding.code.starts_with("IST"));
    ours.map(|finding| {
        let object = finding
            .object
            .as_ref()
            .map(|o| format!("{}.{} {}/{}", o.kind, o.group, o.namespace, o.name));
        let level = finding.level.word().to_owned();
        (finding.code.to_owned(), level, object.unwrap_or_default(), finding.message.clone())
    })
    .collect()
}

fn differences(expect: &Value, got: &BTreeSet<Row>) -> Vec<String> {
    let mut left = got.clone();
    let mut lines = Vec::new();
    for want in expect.as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = want.get("object").map_or_else(String::new, |object| {
            let [kind, group, namespace, name] =
                ["kind", "group", "namespace", "name"].map(|field| text(&object[field]));
            format!("{kind}.{group} {namespace}/{name}")
        });
        let messages: Vec<String> = match want["message_any_of"].as_array() {
            Some(any) => any.iter().map(text).collect(),
            None => vec![text(&want["message"])],
        };
        let found = messages.iter().any(|message| {
            let row = (text(&want["code"]), text(&want["level"]), object.clone(), message.clone());
            left.remove(&row)
        });
        let optional = want["sometimes"] == true || want["needs_envoy_types"] == true;
        if !found && !optional {
            lines.push(format!("  missing  {} {object}: {}", text(&want["code"]), messages[0]));
        }
    }
    lines.extend(left.iter().map(|(code, level, object, message)| {
        format!("  surplus  {code} {level} {object}: {message}")
    }));
    lines
}

fn cases() -> Vec<Case> {
    let Some(folder) = shared::shared("conformance/analyze") else { return Vec::new() };
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}

#[test]
fn every_case_gives_exactly_the_expected_findings() {
    let cases = cases();
    let mut failures = Vec::new();
    for case in &cases {
        let differences = case.differences();
        if !differences.is_empty() {
            failures.push(format!("{}\n{}", case.name, differences.join("\n")));
        }
    }
    println!("passed {} of {}", cases.len() - failures.len(), cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn own_and_kialis_codes_raise_no_alarm_on_bookinfo() {
    for case in cases().iter().filter(|case| case.name.starts_with("bookinfo_")) {
        let report = case.run();
        let others: Vec<_> =
            report.findings.iter().filter(|finding| !finding.code.starts_with("IST")).collect();
        assert!(others.is_empty(), "{}: {others:#?}", case.name);
    }
}

#[test]
fn order_of_objects_never_matters() {
    for case in cases() {
        let forward = case.run();
        let mut backward = Case { name: case.name.clone(), body: case.body.clone() };
        backward.body["objects"].as_array_mut().unwrap().reverse();
        assert_eq!(forward, backward.run(), "{}", case.name);
    }
}

#[test]
fn remembered_findings_are_the_same_as_new_ones() {
    let mut analyzer = Analyzer::default();
    for case in cases() {
        let mut objects = case.objects();
        let before = analyzer.analyze(&FindingInput::files(&objects));
        assert_eq!(before, analyze(&FindingInput::files(&objects)), "{}", case.name);
        let raw = stranger();
        let reference = Objects::from_values([raw.value()]);
        let reference = reference.service_entries.values().next().unwrap().reference();
        objects.insert(raw);
        let with = analyzer.analyze(&FindingInput::files(&objects));
        let others: Vec<_> = with
            .findings
            .iter()
            .filter(|finding| finding.object.as_ref().is_none_or(|o| &*o.namespace != "elsewhere"))
            .cloned()
            .collect();
        let changed: Vec<_> = others
            .iter()
            .filter(|finding| !before.findings.contains(finding))
            .chain(before.findings.iter().filter(|finding| !others.contains(finding)))
            .collect();
        assert!(changed.is_empty(), "{}: a stranger changes {changed:#?}", case.name);
        objects.remove(&reference);
        let after = analyzer.analyze(&FindingInput::files(&objects));
        assert_eq!(after, before, "{}: removing restores", case.name);
    }
}

/// A ServiceEntry that nobody else sees, in a namespace of its own.
fn stranger() -> RawObject {
    let object = json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
        "metadata": {"name": "stranger", "namespace": "elsewhere"},
        "spec": {"hosts": ["nowhere.example.com"], "exportTo": ["."], "resolution": "DNS",
                 "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}]}});
    RawObject::from_value(object).unwrap()
}

#[test]
fn the_handbook_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md");
    let fresh = vigla::report::findings::handbook();
    if std::env::var_os("VIGLA_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "docs/findings.md: VIGLA_UPDATE_DOCS=1 cargo test --test findings");
}
