//! Findings against cases with known answers, and what must hold for any mesh.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic and print")]

use std::path::Path;

use serde_json::json;
use vigla::mesh::Objects;
use vigla::mesh::findings::{Analyzer, FindingInput, analyze};
use vigla::mesh::object::{Key, ObjectRef, RawObject};

#[path = "findings/cases.rs"]
mod cases;
#[path = "findings/program.rs"]
mod program;
#[path = "support/shared.rs"]
pub mod shared;

use cases::{Case, cases};

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

#[test]
fn each_object_that_goes_and_comes_back_is_noticed() {
    for case in cases() {
        let whole = case.objects();
        let mut analyzer = Analyzer::default();
        let before = analyzer.analyze(&FindingInput::files(&whole));
        let mut all = Vec::new();
        whole.each(|meta, raw| {
            let key = Key::new(&meta.namespace, &meta.name);
            all.push((ObjectRef { kind: raw.kind, key }, raw.clone()));
        });
        for (reference, raw) in all {
            let mut objects = whole.clone();
            objects.remove(&reference);
            let without = analyzer.analyze(&FindingInput::files(&objects));
            let anew = analyze(&FindingInput::files(&objects));
            assert_eq!(without, anew, "{}: without {reference:?}", case.name);
            objects.insert(raw);
            let with = analyzer.analyze(&FindingInput::files(&objects));
            assert_eq!(with, before, "{}: {reference:?} is back", case.name);
        }
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
