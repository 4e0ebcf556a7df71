//! Every case of findings but those of a whole cluster through the program: `vigla analyze -f FILE -o json` must give exactly
//! what the case expects. The gateway that istioctl takes as given for files is in the file, as
//! the cases' README says.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::cases::{Case, Row, cases};

/// istioctl's own codes among what the program finds in these objects.
fn program(case: &Case, objects: Vec<Value>, folder: &Path) -> Result<BTreeSet<Row>, String> {
    let file = folder.join(format!("{}.json", case.name));
    std::fs::write(
        &file,
        json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string(),
    )
    .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigla"));
    command.arg("analyze").arg("--filename").arg(file).arg("--output=json");
    for code in case.argument("suppress").as_array().into_iter().flatten() {
        command.arg(format!("--suppress={}", code.as_str().unwrap()));
    }
    if let Some(namespace) = case.argument("namespace").as_str() {
        command.arg(format!("--namespace={namespace}"));
    }
    let output =
        command.env_clear().env("HOME", "/nonexistent").stdin(Stdio::null()).output().unwrap();
    // 79: findings from the threshold on.
    match output.status.code() {
        Some(0 | 79) => Ok(rows(&serde_json::from_slice(&output.stdout).unwrap())),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

fn rows(report: &Value) -> BTreeSet<Row> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let ours = findings.filter(|finding| text(&finding["code"]).starts_with("IST"));
    ours.map(|finding| {
        let object = finding.get("object").filter(|object| !object.is_null());
        let object = object.map_or_else(String::new, |object| {
            let [kind, group, namespace, name] =
                ["kind", "group", "namespace", "name"].map(|field| text(&object[field]));
            format!("{kind}.{group} {namespace}/{name}")
        });
        let level = match finding["level"].as_str().unwrap() {
            "error" => "Error",
            "warning" => "Warning",
            _ => "Info",
        };
        (text(&finding["code"]), level.to_owned(), object, text(&finding["message"]))
    })
    .collect()
}

#[test]
fn every_case_holds_through_the_program() {
    let scratch = tempfile::tempdir().unwrap();
    let mut cases = cases();
    // Files do not claim to be all there is, as the objects of a cluster do.
    cases.retain(|case| case.argument("source") != "cluster");
    let mut failures = Vec::new();
    for case in &cases {
        let bare = || program(case, case.values(), scratch.path()).unwrap();
        match program(case, case.given(), scratch.path()) {
            Ok(found) => {
                let differences = case.compare(&found, bare);
                if !differences.is_empty() {
                    failures.push(format!("{}\n{}", case.name, differences.join("\n")));
                }
            }
            Err(error) => failures.push(format!("{}: {error}", case.name)),
        }
    }
    println!("passed {} of {} through the program", cases.len() - failures.len(), cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
