//! JUnit XML, which CI systems count and show.

use std::fmt::Write;

use super::{line, subject};
use crate::mesh::findings::{Level, Report};

/// Every finding as a test case; one at `threshold` or above fails, the others only print.
pub fn junit(report: &Report, threshold: Level) -> String {
    let failures = report.findings.iter().filter(|finding| finding.level <= threshold).count();
    // A run that found nothing is still one that was made.
    let tests = report.findings.len().max(1);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites tests=\"{tests}\" failures=\"{failures}\">");
    let _ = writeln!(
        xml,
        "  <testsuite name=\"vigla analyze\" tests=\"{tests}\" failures=\"{failures}\">"
    );
    if report.findings.is_empty() {
        xml.push_str("    <testcase classname=\"vigla.analyze\" name=\"no findings\"/>\n");
    }
    for finding in &report.findings {
        let object = finding.object.as_ref().map(subject).unwrap_or_default();
        let name = escape(&format!("{} {object}", finding.code));
        let message = escape(&finding.message);
        let full = escape(&line(finding, false));
        let _ = writeln!(xml, "    <testcase classname=\"vigla.analyze\" name=\"{name}\">");
        if finding.level <= threshold {
            let kind = finding.level.word();
            let _ = writeln!(
                xml,
                "      <failure type=\"{kind}\" message=\"{message}\">{full}</failure>"
            );
        } else {
            let _ = writeln!(xml, "      <system-out>{full}</system-out>");
        }
        xml.push_str("    </testcase>\n");
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            '\t' => safe.push_str("&#9;"),
            // XML 1.0 has no other control characters at all.
            c if c.is_control() => safe.push('\u{FFFD}'),
            c => safe.push(c),
        }
    }
    safe
}
