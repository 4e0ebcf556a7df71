//! `vigla route test`: what held and what did not, for people, programs and CI.

use std::fmt::Write;

use serde::Serialize;

use super::xml;
use crate::mesh::expectation::Verdict;

#[derive(Debug, Serialize)]
struct Results<'a> {
    passed: usize,
    failed: usize,
    tests: &'a [Verdict],
}

fn counts(verdicts: &[Verdict]) -> (usize, usize) {
    let passed = verdicts.iter().filter(|verdict| verdict.passed()).count();
    (passed, verdicts.len() - passed)
}

/// One line a test; below a failing one what differed, and the explanation of the answer.
pub fn text(verdicts: &[Verdict], ascii: bool) -> String {
    let (good, bad) = if ascii { ("ok  ", "FAIL") } else { ("✓", "✗") };
    let mut text = String::new();
    for verdict in verdicts {
        let mark = if verdict.passed() { good } else { bad };
        let _ = writeln!(text, "{mark} {}", verdict.name);
        for line in failure(verdict) {
            let _ = writeln!(text, "      {line}");
        }
    }
    let (passed, failed) = counts(verdicts);
    let _ = writeln!(text, "{passed} passed, {failed} failed");
    text
}

/// What did not hold, in lines; none when the test passed.
fn failure(verdict: &Verdict) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(trouble) = &verdict.error {
        lines.push(trouble.to_string());
        lines.extend((!trouble.hint.is_empty()).then(|| trouble.hint.clone()));
    }
    for mismatch in &verdict.mismatches {
        lines.push(format!(
            "{}: expected {}, got {}",
            mismatch.what, mismatch.expected, mismatch.actual
        ));
    }
    if let Some(answer) = verdict.answer.as_ref().filter(|_| !verdict.passed()) {
        lines.push(answer.explain());
    }
    lines
}

pub fn json(verdicts: &[Verdict]) -> String {
    let (passed, failed) = counts(verdicts);
    super::json("vigla.route-test/v1", &Results { passed, failed, tests: verdicts })
}

/// JUnit's XML, one suite a file.
pub fn junit(verdicts: &[Verdict]) -> String {
    let (_, failed) = counts(verdicts);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(text, "<testsuites tests=\"{}\" failures=\"{failed}\">", verdicts.len());
    for suite in verdicts.chunk_by(|a, b| a.file == b.file) {
        let file = suite.first().map(|first| xml::escape(&first.file)).unwrap_or_default();
        let (_, failed) = counts(suite);
        let count = suite.len();
        let _ =
            writeln!(text, "  <testsuite name=\"{file}\" tests=\"{count}\" failures=\"{failed}\">");
        for verdict in suite {
            let name = xml::escape(&verdict.name);
            let _ = write!(text, "    <testcase name=\"{name}\" classname=\"{file}\"");
            let lines = failure(verdict);
            match lines.first() {
                None => text.push_str("/>\n"),
                Some(first) => {
                    let _ = writeln!(
                        text,
                        ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                        xml::escape(first),
                        xml::escape(&lines.join("\n"))
                    );
                }
            }
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}
