//! `vigla analyze`: findings as text, JSON, SARIF and JUnit; the registry as list and handbook.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::mesh::findings::{Finding, Level, Report, Subject, Withheld};
use crate::mesh::harmless;

mod handbook;
mod junit;
mod sarif;

pub use handbook::{explain, handbook, list};
pub use junit::junit;
pub use sarif::sarif;

/// One finding a line, as users of istioctl know it; the level in colour if asked for.
pub fn text(report: &Report, color: bool) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(text, "{}", line(finding, color));
    }
    if report.findings.is_empty() {
        text.push_str("No findings.\n");
    }
    text
}

/// What could not be decided, each reason once with the codes that it withholds; for stderr.
pub fn withheld(report: &Report) -> String {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for withheld in &report.withheld {
        reasons.entry(&withheld.reason).or_default().push(withheld.code);
    }
    reasons.iter().fold(String::new(), |mut text, (reason, codes)| {
        let _ = writeln!(text, "{} withheld: {}", codes.join(", "), harmless::line(reason));
        text
    })
}

/// The JSON contract `vigla.analyze/v1`.
pub fn json(report: &Report) -> String {
    super::json("vigla.analyze/v1", report)
}

/// What a change brings, and what it mends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change<'a> {
    pub findings: Vec<&'a Finding>,
    pub mended: Vec<&'a Finding>,
    pub withheld: &'a [Withheld],
}

/// The change, findings that it brings first; what it mends is marked as such.
pub fn change_text(change: &Change<'_>, color: bool) -> String {
    let mut text = String::new();
    for finding in &change.findings {
        let _ = writeln!(text, "{}", line(finding, color));
    }
    for finding in &change.mended {
        let _ = writeln!(text, "Mended: {}", line(finding, color));
    }
    if text.is_empty() {
        text.push_str("The change brings no findings and mends none.\n");
    }
    text
}

/// The JSON contract `vigla.analyze/v1`, with what the change mends beside what it brings.
pub fn change_json(change: &Change<'_>) -> String {
    super::json("vigla.analyze/v1", change)
}

/// `Error [IST0101] (VirtualService shop/reviews routes.yaml:12) Referenced host not found: …`.
pub fn line(finding: &Finding, color: bool) -> String {
    let level = finding.level.word();
    let level = if color {
        let code = match finding.level {
            Level::Error => 31,
            Level::Warning => 33,
            Level::Info => 32,
        };
        format!("\u{1b}[{code}m{level}\u{1b}[0m")
    } else {
        level.to_owned()
    };
    let place: Vec<String> =
        finding.object.as_ref().map(subject).into_iter().chain(origin(finding)).collect();
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(" ")) };
    format!("{level} [{}]{place} {}", finding.code, harmless::line(&finding.message))
}

/// `VirtualService shop/reviews`; without a slash for cluster-scoped objects.
fn subject(object: &Subject) -> String {
    if object.namespace.is_empty() {
        return format!("{} {}", object.kind, object.name);
    }
    format!("{} {}/{}", object.kind, object.namespace, object.name)
}

/// `routes.yaml:12`.
fn origin(finding: &Finding) -> Option<String> {
    let file = finding.file.as_ref()?;
    Some(match finding.line {
        Some(line) => format!("{file}:{line}"),
        None => file.to_string(),
    })
}

#[cfg(test)]
mod tests;
