//! The conformance cases of routing through the program: it must answer as the library does,
//! whose answers `tests/routing.rs` holds against Istio's.
//!
//! Every request of a case is a test of one `vigla route test`, whose JSON has the whole answer;
//! the first of each, and those that a file of expectations cannot write, are asked of
//! `vigla route` too.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "the number of requests is told")]

#[path = "support/shared.rs"]
pub mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rstest::rstest;
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

fn run(arguments: &[String]) -> Result<Value, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_vigla"))
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string());
    if output.status.success() {
        return answer;
    }
    let failed = answer.map(|answer| answer["tests"].to_string()).unwrap_or_default();
    Err(format!("{}{failed}", String::from_utf8_lossy(&output.stderr)))
}

/// Whether a file of expectations can say the request: it names each header once.
fn can_be_written(case: &Value) -> bool {
    let headers = headers(case);
    let names: BTreeSet<String> = headers.iter().map(|(name, _)| name.to_lowercase()).collect();
    names.len() == headers.len()
}

/// The request as a test of `vigla route test`, with what Istio and Envoy answered.
fn expectation(case: &Value) -> Value {
    let (from, to, answer) = (&case["from"], &case["to"], &case["expect"]);
    let mut expect = json!({"outcome": answer["outcome"]});
    let mut also = |key: &str, value: &Value| {
        if !value.is_null() {
            expect[key] = value.clone();
        }
    };
    also("status", &answer["status"]);
    if let (Some(namespace), Some(name)) =
        (answer["rule"]["namespace"].as_str(), answer["rule"]["name"].as_str())
    {
        also("rule", &format!("{namespace}/{name}").into());
        also("rule-index", &answer["rule"]["index"]);
    }
    also("redirect", &answer["redirect"]["location"]);
    also("timeout", &answer["actions"]["timeout"]);
    also("retries", &answer["actions"]["retries"]["attempts"]);
    let mut test = json!({
        "name": case["id"], "expect": expect,
        "from": format!("pod/{}/{}", text(from, "namespace"), text(from, "pod")),
        "to": format!("host:{}", to["port"]), "host": to["host"], "protocol": to["protocol"],
        "headers": headers(case).into_iter().collect::<BTreeMap<_, _>>(),
    });
    for (from, field) in [(to, "address"), (to, "sni"), (case, "method"), (case, "path")] {
        if from[field].is_string() {
            test[field] = from[field].clone();
        }
    }
    test
}

/// The answers to these requests by one `vigla route test`.
fn tested(file: &Path, cases: &[&Value]) -> Result<Vec<Value>, String> {
    let tests: Vec<Value> = cases.iter().map(|case| expectation(case)).collect();
    let expectations = file.with_extension("expected");
    std::fs::write(&expectations, json!({"tests": tests}).to_string()).unwrap();
    let answer = run(&[
        "route".to_owned(),
        "test".to_owned(),
        expectations.display().to_string(),
        format!("--filename={}", file.display()),
        "--output=json".to_owned(),
    ])?;
    let tests = answer["tests"].as_array().cloned().unwrap_or_default();
    Ok(tests.into_iter().map(|test| test["answer"].clone()).collect())
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
    let mut failures = Vec::new();
    let mut compare = |case: &Value, answer: Result<Value, String>| {
        let name = format!("{}/{}", text(&scenario, "name"), text(case, "id"));
        // As text too, because reading a number may change its last digit.
        let library = serde_json::to_string(&router.answer(&request(case))).unwrap();
        let library: Value = serde_json::from_str(&library).unwrap();
        match answer {
            Ok(answer) if told(&answer) == told(&library) => {}
            Ok(answer) => {
                failures.push(format!("{name}: {:?}\n  not {:?}", told(&answer), told(&library)));
            }
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    };
    let all: Vec<&Value> = scenario["requests"].as_array().unwrap().iter().collect();
    let (written, other): (Vec<&Value>, Vec<&Value>) =
        all.iter().partition(|case| can_be_written(case));
    match tested(&file, &written) {
        Ok(answers) if answers.len() == written.len() => {
            for (case, answer) in written.iter().zip(answers) {
                compare(case, Ok(answer));
            }
        }
        Ok(answers) => compare(all[0], Err(format!("{} answers", answers.len()))),
        Err(error) => compare(all[0], Err(error)),
    }
    for case in written.first().into_iter().chain(&other) {
        compare(case, run(&arguments(&file, case)));
    }
    (all.len(), failures)
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
    assert!(asked >= 2_000, "only {asked} requests");
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

/// Jason's rule for reviews, put over the demo's objects by a second file.
const JASON: &str = "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: default}
spec:
  hosts: [reviews]
  http:
  - match: [{headers: {end-user: {exact: jason}}}]
    route: [{destination: {host: reviews, subset: v2}}]
  - route: [{destination: {host: reviews, subset: v1}}]
";

#[rstest]
#[case::jason(&["--header=end-user: jason"], "v2", 0, 1)]
#[case::anybody(&[], "v1", 1, 0)]
fn the_text_has_the_rules_in_order(
    #[case] headers: &[&str],
    #[case] subset: &str,
    #[case] taken: usize,
    #[case] other: usize,
) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jason.yaml");
    std::fs::write(&file, JASON).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_vigla"))
        .args(["route", "--from=productpage-v1", "--to=reviews:9080"])
        .args(["-f", "assets/demo", "-f"])
        .arg(&file)
        .args(headers)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("LANG", "C.UTF-8")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let at = |line: String| text.find(&line).unwrap_or_else(|| panic!("no {line:?} in\n{text}"));
    let goes = format!("100%  reviews.default.svc.cluster.local:9080 subset {subset} ");
    let sections = [
        at(format!("taken by    ✓ VirtualService default/reviews rule {taken}")),
        at(goes),
        at("rules, in order".to_owned()),
        at("for other hosts".to_owned()),
        at("in short".to_owned()),
    ];
    assert!(sections.is_sorted(), "{text}");
    let rule = |index: usize| format!("VirtualService default/reviews rule {index}\n");
    let marked = at(format!("\n  ✓ {}", rule(taken)));
    let refused = at(format!("\n  ✗ {}", rule(other)));
    assert_eq!(marked < refused, taken < other, "{text}");
}
