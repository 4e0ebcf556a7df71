//! The conformance cases of routing through the program: `vigla route -f FILE -o json` must
//! answer as the library does, whose answers `tests/routing.rs` holds against Istio's.
//!
//! A process each would take minutes for all requests; the first and the last of every case are
//! asked, which is the same selection in every run and several hundred requests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "the number of requests is told")]

#[path = "support/shared.rs"]
pub mod shared;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use vigla::mesh::Objects;
use vigla::mesh::routing::{Request, RequestProtocol, Router, Source, SourceKind};

/// Both cores of a small machine.
const THREADS: usize = 2;

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn headers(case: &Value) -> Vec<(String, String)> {
    serde_json::from_value(case.get("headers").cloned().unwrap_or_else(|| json!([]))).unwrap()
}

/// The objects of a case, its mesh configuration among them as a cluster has it.
fn values(scenario: &Value) -> Vec<Value> {
    let root = text(scenario, "root_namespace");
    let mut config: Map<String, Value> =
        scenario.get("mesh_config").and_then(Value::as_object).cloned().unwrap_or_default();
    config.insert("rootNamespace".into(), root.into());
    let mut values = scenario["objects"].as_array().unwrap().clone();
    values.push(json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": Value::Object(config).to_string()}}));
    values
}

fn request(case: &Value) -> Request {
    let (from, to) = (&case["from"], &case["to"]);
    let kind = match text(from, "kind") {
        "sidecar" => SourceKind::Sidecar,
        "gateway" => SourceKind::Gateway,
        "waypoint" => SourceKind::Waypoint,
        other => panic!("unknown kind {other}"),
    };
    let name = text(from, "pod").into();
    let protocol: RequestProtocol = serde_json::from_value(to["protocol"].clone()).unwrap();
    Request {
        from: Source { kind, namespace: text(from, "namespace").into(), name },
        protocol,
        host: text(to, "host").to_owned(),
        port: u16::try_from(to["port"].as_u64().unwrap()).unwrap(),
        target_port: to["target_port"].as_u64().map(|port| u16::try_from(port).unwrap()),
        address: to["address"].as_str().map(|text| text.parse().unwrap()),
        sni: to["sni"].as_str().map(str::to_owned),
        method: text(case, "method").to_owned(),
        path: text(case, "path").to_owned(),
        headers: headers(case),
    }
}

/// The request as a user writes it.
fn arguments(file: &Path, case: &Value) -> Vec<String> {
    let (from, to) = (&case["from"], &case["to"]);
    let mut out = vec![
        "route".to_owned(),
        format!("--filename={}", file.display()),
        format!("--from=pod/{}/{}", text(from, "namespace"), text(from, "pod")),
        format!("--to=host:{}", to["port"]),
        format!("--host={}", text(to, "host")),
        format!("--protocol={}", text(to, "protocol")),
        format!("--path={}", text(case, "path")),
        format!("--method={}", text(case, "method")),
        "--output=json".to_owned(),
    ];
    for field in ["address", "sni"] {
        out.extend(to[field].as_str().map(|value| format!("--{field}={value}")));
    }
    out.extend(headers(case).iter().map(|(name, value)| format!("--header={name}: {value}")));
    out
}

/// What an answer says, without the echo of the question.
fn told(answer: &Value) -> Vec<&Value> {
    [
        "decided_by",
        "outcome",
        "status",
        "rule",
        "destinations",
        "redirect",
        "actions",
        "not_matched",
    ]
    .map(|field| &answer[field])
    .to_vec()
}

fn ask(file: &Path, case: &Value) -> Result<Value, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_vigla"))
        .args(arguments(file, case))
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// How many requests of a case were asked, and what differed.
fn check(path: &Path, folder: &Path) -> (usize, Vec<String>) {
    let scenario: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let values = values(&scenario);
    let file = folder.join(path.file_name().unwrap());
    std::fs::write(
        &file,
        json!({"apiVersion": "v1", "kind": "List", "items": &values}).to_string(),
    )
    .unwrap();
    let router = Router::new(&Objects::from_values(values));
    let all = scenario["requests"].as_array().unwrap();
    let mut chosen: Vec<&Value> = all.first().into_iter().chain(all.last()).collect();
    chosen.dedup();
    let mut failures = Vec::new();
    for case in &chosen {
        let name = format!("{}/{}", text(&scenario, "name"), text(case, "id"));
        let library = serde_json::to_value(router.answer(&request(case))).unwrap();
        match ask(&file, case) {
            Ok(answer) if told(&answer) == told(&library) => {}
            Ok(answer) => {
                failures.push(format!("{name}: {:?}\n  not {:?}", told(&answer), told(&library)));
            }
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    (chosen.len(), failures)
}

#[test]
fn the_program_answers_as_the_library() {
    let Some(folder) = shared::shared("conformance/routing") else { return };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter(|path| path.file_name().is_some_and(|name| name != "schema.json"))
        .collect();
    paths.sort();
    let scratch = tempfile::tempdir().unwrap();
    let part = paths.len().div_ceil(THREADS);
    let results: Vec<(usize, Vec<String>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = paths
            .chunks(part)
            .map(|part| {
                let scratch = scratch.path();
                scope
                    .spawn(move || part.iter().map(|path| check(path, scratch)).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let asked: usize = results.iter().map(|(asked, _)| asked).sum();
    let failures: Vec<String> = results.into_iter().flat_map(|(_, failures)| failures).collect();
    println!("{asked} requests of {} cases through the program", paths.len());
    assert!(asked >= 300, "only {asked} requests");
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}
