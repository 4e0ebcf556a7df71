//! `vigla check` in words.

use std::fmt::Write;

use crate::mesh::check::{Report, Status};

/// One line an answer, worst first; what to do stands below what failed.
pub fn text(report: &Report, ascii: bool) -> String {
    let mut text = lines(report, ascii);
    let count = |status| report.checks.iter().filter(|answer| answer.status == status).count();
    let _ = match (count(Status::Failed), count(Status::Unknown)) {
        (0, 0) => writeln!(text, "healthy"),
        (0, unknown) => writeln!(text, "healthy as far as is known; {unknown} questions open"),
        (failed, _) => writeln!(text, "not healthy: {failed} checks failed"),
    };
    text
}

/// The way to the sources, one line a step in order.
pub fn way(report: &Report, ascii: bool) -> String {
    let mut text = lines(report, ascii);
    text.push_str(if report.healthy {
        "connected\n"
    } else {
        "not connected: the first step that failed is where to look\n"
    });
    text
}

fn lines(report: &Report, ascii: bool) -> String {
    let mut text = String::new();
    for answer in &report.checks {
        let mark = match (answer.status, ascii) {
            (Status::Ok, false) => "✓",
            (Status::Failed, false) => "✗",
            (Status::Warning, false) => "!",
            (Status::Unknown, false) => "?",
            (Status::Ok, true) => "ok  ",
            (Status::Failed, true) => "FAIL",
            (Status::Warning, true) => "warn",
            (Status::Unknown, true) => "?   ",
        };
        let message = crate::mesh::harmless::line(&answer.message);
        let _ = writeln!(text, "{mark} {:<9} {}: {message}", answer.check, answer.object);
        if !answer.hint.is_empty() && answer.status != Status::Ok {
            let _ = writeln!(text, "            {}", answer.hint);
        }
    }
    text
}
