//! The same two findings in every form.

use super::*;
use crate::mesh::findings::Withheld;

fn report() -> Report {
    let finding = |level, code, line| Finding {
        code,
        level,
        object: Some(Subject {
            kind: "VirtualService",
            group: "networking.istio.io",
            namespace: "shop".into(),
            name: "reviews".into(),
        }),
        message: "Referenced host not found: \"a<b\"".into(),
        path: Some("spec.http[0]".into()),
        file: Some("routes.yaml".into()),
        line: Some(line),
        docs: "https://example.com/",
    };
    Report {
        findings: vec![
            finding(Level::Error, "IST0101", 12),
            finding(Level::Warning, "IST0132", 14),
        ],
        withheld: vec![Withheld { code: "IST0161", reason: "no Secrets".into() }],
    }
}

#[test]
fn text_reads_like_istioctl() {
    let text = text(&report(), false);
    assert_eq!(
        text.lines().next().unwrap(),
        "Error [IST0101] (VirtualService shop/reviews routes.yaml:12) Referenced host not found: \
         \"a<b\""
    );
    assert!(line(&report().findings[0], true).starts_with("\u{1b}[31mError\u{1b}[0m [IST0101]"));
    assert_eq!(withheld(&report()), "IST0161 withheld: no Secrets\n");
    assert_eq!(super::text(&Report::default(), false), "No findings.\n");
}

#[test]
fn json_keeps_the_contract() {
    let json: serde_json::Value = serde_json::from_str(&json(&report())).unwrap();
    assert_eq!(json["schema"], "vigla.analyze/v1");
    let finding = &json["findings"][0];
    assert_eq!(finding["level"], "error");
    assert_eq!(finding["object"]["group"], "networking.istio.io");
    assert_eq!((&finding["line"], &finding["path"]), (&12.into(), &"spec.http[0]".into()));
    assert_eq!(json["withheld"][0]["code"], "IST0161");
}

#[test]
fn sarif_points_at_file_and_rule() {
    let sarif: serde_json::Value = serde_json::from_str(&sarif(&report())).unwrap();
    let run = &sarif["runs"][0];
    let result = &run["results"][1];
    assert_eq!(result["level"], "warning");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "routes.yaml");
    assert_eq!(place["region"]["startLine"], 14);
    let index = result["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "IST0132");
}

#[test]
fn junit_fails_from_the_threshold_on() {
    let errors = junit(&report(), Level::Error);
    assert!(errors.contains("tests=\"2\" failures=\"1\""), "{errors}");
    assert!(errors.contains("a&lt;b") && errors.contains("<system-out>"));
    assert!(junit(&report(), Level::Warning).contains("failures=\"2\""));
    assert!(junit(&Report::default(), Level::Info).contains("tests=\"1\" failures=\"0\""));
}

#[test]
fn every_code_is_explained_and_listed() {
    let text = explain("ist0101").unwrap();
    assert!(text.starts_with("IST0101 ReferencedResourceNotFound (Error"));
    assert!(text.contains("Draws it:") && text.contains("What to do:"));
    assert!(explain("IST9999").unwrap_err().hint.contains("--list"));
    assert!(list().contains("VGL0001"));
}
