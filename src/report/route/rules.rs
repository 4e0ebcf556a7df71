//! The rules that a request met, in order: the one that took it marked, the others with why not.

use std::fmt::Write;

use super::Marks;
use crate::mesh::Kind;
use crate::mesh::routing::{Answer, NotMatched, Reason, RuleRef};

/// How many objects for other hosts are named; the rest is counted.
const NAMED: usize = 6;

/// A rule with everything that is said of it.
struct Line<'a> {
    rule: &'a RuleRef,
    details: Vec<&'a str>,
    taken: bool,
    /// The rule that took the request comes before it.
    behind: bool,
}

/// The section of the text; empty if there is no rule at all.
pub(super) fn text(answer: &Answer, marks: &Marks) -> String {
    let (elsewhere, met): (Vec<_>, Vec<_>) =
        answer.not_matched.iter().partition(|entry| is_elsewhere(entry));
    let lines = in_order(answer, &met);
    let mut text = String::new();
    if !lines.is_empty() {
        text.push_str("\nrules, in order\n");
    }
    for line in lines {
        let mark = if line.taken { marks.taken } else { marks.not };
        let _ = writeln!(text, "  {mark} {}", line.rule);
        for detail in line.details {
            let _ = writeln!(text, "      {detail}");
        }
    }
    if !elsewhere.is_empty() {
        let names: Vec<String> =
            elsewhere.iter().take(NAMED).map(|entry| entry.rule.to_string()).collect();
        let more = elsewhere.len().saturating_sub(names.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "\nfor other hosts\n  {}{more}", names.join(", "));
    }
    text
}

/// An object for other hosts, which has no part in this.
fn is_elsewhere(entry: &NotMatched) -> bool {
    entry.reason == Reason::HostMismatch && entry.rule.index.is_none()
}

/// One line a rule. Rules of a VirtualService stand in its order; those of routes already are in
/// the order of their precedence.
fn in_order<'a>(answer: &'a Answer, met: &[&'a NotMatched]) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for entry in met {
        let behind = matches!(entry.reason, Reason::EarlierRuleWon | Reason::RuleSortedLater);
        match lines.iter_mut().find(|line| *line.rule == entry.rule) {
            Some(line) => {
                line.details.push(&entry.detail);
                line.behind |= behind;
            }
            None => lines.push(Line {
                rule: &entry.rule,
                details: vec![&entry.detail],
                taken: false,
                behind,
            }),
        }
    }
    if let Some(rule) = &answer.rule {
        let line = Line { rule, details: Vec::new(), taken: true, behind: false };
        let place = if rule.kind == Kind::VirtualService {
            0
        } else {
            let own = lines.iter().rposition(|line| line.rule.kind == rule.kind && !line.behind);
            lines.iter().position(|line| line.behind).or_else(|| own.map(|at| at + 1)).unwrap_or(0)
        };
        lines.insert(place, line);
    }
    let object = |rule: &RuleRef| (rule.kind, rule.namespace.clone(), rule.name.clone());
    let objects: Vec<_> = lines.iter().map(|line| object(line.rule)).collect();
    let place = |rule: &RuleRef| {
        let own = object(rule);
        let first = objects.iter().position(|other| *other == own).unwrap_or_default();
        (first, rule.index, rule.delegate.as_ref().map(|delegate| delegate.index))
    };
    if lines.iter().all(|line| line.rule.kind == Kind::VirtualService) {
        lines.sort_by_key(|line| place(line.rule));
    }
    lines
}
