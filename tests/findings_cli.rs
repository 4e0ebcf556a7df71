//! The cases of findings through the program: `vigla analyze -f FILE -o json` must report what
//! the library does, whose findings `tests/findings.rs` holds against the expected ones.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stdout, reason = "the number of cases is told")]

#[path = "support/shared.rs"]
pub mod shared;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};
use vigla::mesh::findings::{FindingInput, Suppression, analyze, parse_suppression};
use vigla::mesh::{Objects, Scope};

fn values(case: &Value) -> Vec<Value> {
    let mut values = case["objects"].as_array().unwrap().clone();
    let mut data = Map::new();
    for (field, key) in [("mesh_config", "mesh"), ("mesh_networks", "meshNetworks")] {
        if let Some(config) = case.get(field) {
            data.insert(key.into(), config.to_string().into());
        }
    }
    if !data.is_empty() {
        values.push(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
            "metadata": {"name": "istio", "namespace": "istio-system"}}));
    }
    values
}

fn suppressed(case: &Value) -> Vec<String> {
    let list = case["arguments"]["suppress"].as_array();
    list.into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn library(case: &Value) -> Value {
    let suppressions: Vec<Suppression> =
        suppressed(case).iter().map(|text| parse_suppression(text).unwrap()).collect();
    let scope = match case["arguments"]["namespace"].as_str() {
        Some(namespace) => Scope::Namespaces(vec![namespace.into()]),
        None => Scope::All,
    };
    let objects = Objects::from_values(values(case));
    let report = analyze(&FindingInput {
        scope: &scope,
        suppressions: &suppressions,
        now: Some(jiff::Timestamp::now()),
        ..FindingInput::files(&objects)
    });
    serde_json::to_value(&report).unwrap()
}

fn program(case: &Value, file: &Path) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigla"));
    command.arg("analyze").arg("--filename").arg(file).arg("--output=json");
    command.args(suppressed(case).iter().map(|text| format!("--suppress={text}")));
    if let Some(namespace) = case["arguments"]["namespace"].as_str() {
        command.arg(format!("--namespace={namespace}"));
    }
    let output =
        command.env_clear().env("HOME", "/nonexistent").stdin(Stdio::null()).output().unwrap();
    // 79: findings from the threshold on.
    match output.status.code() {
        Some(0 | 79) => serde_json::from_slice(&output.stdout).map_err(|error| error.to_string()),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Code, level, object and message of each finding; places in the text are the program's alone.
fn told(report: &Value) -> Vec<[Value; 4]> {
    let findings = report["findings"].as_array().unwrap();
    let fields = ["code", "level", "object", "message"];
    findings.iter().map(|finding| fields.map(|field| finding[field].clone())).collect()
}

#[test]
fn the_program_reports_as_the_library() {
    let Some(folder) = shared::shared("conformance/analyze") else { return };
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let scratch = tempfile::tempdir().unwrap();
    let (mut ran, mut skipped, mut failures) = (0, 0, Vec::new());
    for path in &paths {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        if case["arguments"]["source"] == "cluster" {
            skipped += 1;
            continue;
        }
        ran += 1;
        let file = scratch.path().join(path.file_name().unwrap());
        let list = json!({"apiVersion": "v1", "kind": "List", "items": values(&case)});
        std::fs::write(&file, list.to_string()).unwrap();
        let expected = told(&library(&case));
        match program(&case, &file).map(|report| told(&report)) {
            Ok(found) if found == expected => {}
            Ok(found) => {
                failures.push(format!("{}:\n{found:?}\nnot\n{expected:?}", file.display()));
            }
            Err(error) => failures.push(format!("{}: {error}", file.display())),
        }
    }
    println!("{ran} cases through the program, {skipped} of a cluster skipped");
    assert!(ran > 200, "the cases are not all here");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
