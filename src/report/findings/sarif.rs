//! SARIF 2.1.0, which code review tools show beside the lines.

use serde_json::{Value, json};

use super::subject;
use crate::mesh::findings::rules::RULES;
use crate::mesh::findings::{Finding, Level, Report, Rule};

/// The findings as one run; rules that told nothing are left out.
pub fn sarif(report: &Report) -> String {
    let told = |rule: &&&Rule| report.findings.iter().any(|finding| finding.code == rule.code);
    let rules: Vec<&&Rule> = RULES.iter().filter(told).collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, rules.iter().position(|rule| rule.code == finding.code)))
        .collect();
    let driver = json!({
        "name": "vigla",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules.into_iter().map(|rule| describe(rule)).collect::<Vec<_>>(),
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}

fn describe(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.title,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.remedy},
        "helpUri": rule.docs,
        "defaultConfiguration": {"level": level(rule.level)},
    })
}

fn result(finding: &Finding, rule: Option<usize>) -> Value {
    let mut location = serde_json::Map::new();
    if let Some(file) = &finding.file {
        let mut physical = json!({"artifactLocation": {"uri": &**file}});
        if let Some(line) = finding.line {
            physical["region"] = json!({"startLine": line});
        }
        location.insert("physicalLocation".into(), physical);
    }
    if let Some(object) = &finding.object {
        let mut name = subject(object);
        if let Some(path) = &finding.path {
            name = format!("{name} {path}");
        }
        let logical = json!([{"fullyQualifiedName": name, "kind": "resource"}]);
        location.insert("logicalLocations".into(), logical);
    }
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.level),
        "message": {"text": finding.message},
        "locations": [location],
    });
    if let Some(index) = rule {
        result["ruleIndex"] = index.into();
    }
    result
}
