//! The engine, and every rule's own examples.

use serde_json::Value;

use super::rules::RULES;
use super::*;

/// The objects of a YAML text of several documents.
fn objects(yaml: &str) -> Objects {
    let values: Vec<Value> =
        serde_saphyr::from_multiple(yaml).unwrap_or_else(|e| panic!("{yaml}: {e}"));
    Objects::from_values(values)
}

fn codes(yaml: &str) -> Vec<&'static str> {
    let objects = objects(yaml);
    let now = "2026-06-01T00:00:00Z".parse().ok();
    // What the example of VGL0002 speaks of.
    let evidence = Evidence {
        contradicted: vec![evidence::ContradictedSplit {
            virtual_service: Key::new("shop", "canary"),
            host: "reviews".into(),
            explanation: "50 % configured, 80 % seen".into(),
        }],
        ..Evidence::default()
    };
    let input = FindingInput { now, evidence: &evidence, ..FindingInput::files(&objects) };
    analyze(&input).findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn examples_trigger_their_rules_and_only_the_bad_ones() {
    let wrong: Vec<&str> = RULES
        .iter()
        .filter(|rule| {
            !codes(rule.example.bad).contains(&rule.code)
                || codes(rule.example.good).contains(&rule.code)
        })
        .map(|rule| rule.code)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn codes_are_unique_sorted_and_documented() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    for rule in RULES {
        assert!(!rule.kinds.is_empty() && rule.why.ends_with('.'), "{}", rule.code);
        assert!(rule.remedy.ends_with('.') && rule.docs.starts_with("https://"), "{}", rule.code);
    }
}
