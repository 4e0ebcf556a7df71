//! The routing engine against answers that Istio and Envoy gave: every conformance case.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "the cases are named on the way")]

#[path = "support/shared.rs"]
pub mod shared;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use vigla::mesh::Objects;
use vigla::mesh::config::MeshConfig;
use vigla::mesh::routing::{Answer, Request, RequestProtocol, Router, Source, SourceKind};

#[derive(Deserialize)]
struct Scenario {
    name: String,
    root_namespace: String,
    #[serde(default)]
    mesh_config: serde_json::Map<String, Value>,
    objects: Vec<Value>,
    requests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    from: From,
    to: To,
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    expect: Value,
}

#[derive(Deserialize)]
struct From {
    kind: String,
    namespace: String,
    pod: String,
}

#[derive(Deserialize)]
struct To {
    protocol: String,
    host: String,
    port: u16,
    target_port: Option<u16>,
    address: Option<String>,
    sni: Option<String>,
}

impl Case {
    fn request(&self) -> Request {
        Request {
            from: Source {
                kind: match self.from.kind.as_str() {
                    "sidecar" => SourceKind::Sidecar,
                    "gateway" => SourceKind::Gateway,
                    "waypoint" => SourceKind::Waypoint,
                    other => panic!("unknown kind {other}"),
                },
                namespace: self.from.namespace.as_str().into(),
                name: self.from.pod.as_str().into(),
            },
            protocol: match self.to.protocol.as_str() {
                "http" => RequestProtocol::Http,
                "http2" => RequestProtocol::Http2,
                "grpc" => RequestProtocol::Grpc,
                "https" => RequestProtocol::Https,
                "tls" => RequestProtocol::Tls,
                "tcp" => RequestProtocol::Tcp,
                other => panic!("unknown protocol {other}"),
            },
            host: self.to.host.clone(),
            port: self.to.port,
            target_port: self.to.target_port,
            address: self.to.address.as_deref().map(|text| text.parse().unwrap()),
            sni: self.to.sni.clone(),
            method: self.method.clone(),
            path: self.path.clone(),
            headers: self.headers.clone(),
        }
    }
}

/// What is compared, with one spelling for both sides.
type Compared = BTreeMap<&'static str, Value>;

fn expected(expect: &Value) -> Compared {
    let rule = &expect["rule"];
    let destinations = expect["destinations"].as_array().unwrap().iter().map(|d| {
        serde_json::json!({
            "host": d["host"], "port": d["port"], "subset": d["subset"],
            "percent": rounded(d["percent"].as_f64().unwrap()),
            "pods": sorted(&d["pods"]), "not_ready": sorted(&d["not_ready"]),
            "addresses": sorted(d.get("addresses").unwrap_or(&Value::Null)),
            "headers": d.get("headers").unwrap_or(&Value::Null),
        })
    });
    BTreeMap::from([
        ("outcome", expect["outcome"].clone()),
        ("status", expect["status"].clone()),
        ("rule", rule_of(rule)),
        ("destinations", destinations.collect()),
        ("redirect", expect.get("redirect").cloned().unwrap_or_default()),
        ("actions", expect.get("actions").cloned().unwrap_or(serde_json::json!({}))),
    ])
}

fn rule_of(rule: &Value) -> Value {
    if rule.is_null() {
        return Value::Null;
    }
    let delegate = rule.get("delegate").map(|d| {
        serde_json::json!({"namespace": d["namespace"], "name": d["name"], "index": d["index"]})
    });
    serde_json::json!({
        "kind": rule["kind"], "namespace": rule["namespace"], "name": rule["name"],
        "index": rule["index"], "rule_name": rule["rule_name"], "delegate": delegate,
    })
}

fn sorted(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    let mut items: Vec<String> = items.map(|v| v.as_str().unwrap().to_owned()).collect();
    items.sort();
    items
}

/// Shares are known to two decimals, which may have been adjusted to add up to 100.
fn rounded(percent: f64) -> Value {
    format!("{:.1}", (percent * 20.0).round() / 20.0).into()
}

fn given(answer: &Answer) -> Compared {
    let json = serde_json::to_value(answer).unwrap();
    let destinations = json["destinations"].as_array().unwrap().iter().map(|d| {
        serde_json::json!({
            "host": d["host"], "port": d["port"], "subset": d["subset"],
            "percent": rounded(d["percent"].as_f64().unwrap()),
            "pods": sorted(&d["pods"]["names"]), "not_ready": sorted(&d["pods"]["not_ready"]),
            "addresses": sorted(d.get("addresses").unwrap_or(&Value::Null)),
            "headers": d.get("headers").unwrap_or(&Value::Null),
        })
    });
    BTreeMap::from([
        ("outcome", json["outcome"].clone()),
        ("status", json["status"].clone()),
        ("rule", rule_of(&json["rule"])),
        ("destinations", destinations.collect()),
        ("redirect", json["redirect"].clone()),
        ("actions", json["actions"].clone()),
    ])
}

fn objects(scenario: &Scenario) -> Objects {
    let mut objects = Objects::from_values(scenario.objects.iter().cloned());
    let mut config = scenario.mesh_config.clone();
    config.insert("rootNamespace".into(), scenario.root_namespace.as_str().into());
    objects.mesh_config = Arc::new(MeshConfig::from_value(Value::Object(config)).unwrap());
    objects
}

fn differences(name: &str, request: &Request, expect: &Value, answer: &Answer) -> Vec<String> {
    let (want, got) = (expected(expect), given(answer));
    let mut out = Vec::new();
    for (what, wanted) in &want {
        if got[what] != *wanted {
            out.push(format!("{name} {what}: want {wanted}, got {}", got[what]));
        }
    }
    if !out.is_empty() {
        out.push(format!(
            "  asked {:?} {}:{} {} {}",
            request.from.kind, request.host, request.port, request.method, request.path
        ));
    }
    out
}

#[test]
fn every_conformance_case() {
    let Some(folder) = shared::shared("conformance/routing") else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .filter(|path| path.file_name().is_some_and(|name| name != "schema.json"))
        .collect();
    files.sort();
    let (mut passed, mut total, mut failures) = (0, 0, Vec::new());
    for file in &files {
        let scenario: Scenario =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let router = Router::new(&objects(&scenario));
        let mut fine = true;
        for case in &scenario.requests {
            total += 1;
            let request = case.request();
            let name = format!("{}/{}", scenario.name, case.id);
            let found = differences(&name, &request, &case.expect, &router.answer(&request));
            fine &= found.is_empty();
            passed += usize::from(found.is_empty());
            failures.extend(found);
        }
        println!("{} {}", if fine { "ok    " } else { "FAILED" }, scenario.name);
    }
    println!("passed {passed} of {total} requests in {} cases", files.len());
    assert!(files.len() > 300, "the cases are not all here");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
