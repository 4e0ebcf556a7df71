//! Verdicts in a sentence or two of plain words.

use super::{Observed, Question, Test};
use crate::mesh::split::Evidence;

pub(super) fn settling(gate: &str) -> String {
    format!("Too early to say: {gate}.")
}

pub(super) fn no_weights(question: &Question<'_>) -> String {
    let versions = question.versions.len();
    format!(
        "No rule sets weights; the load balancer spreads requests over the ready pods of {versions} \
         version{}.",
        plural(versions as u64)
    )
}

pub(super) fn unexpected(versions: &[Observed<'_>]) -> String {
    let list: Vec<String> = versions
        .iter()
        .map(|v| format!("{} ({} request{})", v.name, v.requests, plural(v.requests)))
        .collect();
    format!("{} served requests, though no rule sends any there.", list.join(" and "))
}

pub(super) fn differs(question: &Question<'_>, test: &Test<'_>) -> String {
    let names = named(question);
    let worst = names
        .iter()
        .zip(test.deviations())
        .max_by(|(_, (a, _)), (_, (b, _))| a.abs().total_cmp(&b.abs()));
    let Some((name, (by, share))) = worst else { return "The shares differ.".to_owned() };
    format!(
        "{name} got {} of the requests where {} is configured. With {} requests this is not chance.",
        percent(share + by),
        percent(share),
        test.total()
    )
}

pub(super) fn agrees(question: &Question<'_>, test: &Test<'_>, drift: bool) -> String {
    let within = percent(question.limits.tolerance);
    if drift {
        return format!(
            "The shares are off by {} points at most: real with {} requests, but below the tolerance of {within}.",
            points(test.deviation()),
            test.total()
        );
    }
    format!("Every share lies within {within} of its weight, over {} requests.", test.total())
}

pub(super) fn not_enough(evidence: &Evidence) -> String {
    let told = evidence.needed_requests.map(|needed| format!("; about {needed} would tell"));
    let soon = evidence.needed_seconds.map(|s| format!(", in {} at this rate", duration(s)));
    format!(
        "{} request{} so far{}{}.",
        evidence.requests,
        plural(evidence.requests),
        told.unwrap_or_default(),
        soon.unwrap_or_default()
    )
}

pub(super) fn part_failing(question: &Question<'_>, whole: f64) -> String {
    let failed = question.unrouted as f64;
    let bounds: Vec<String> = question
        .versions
        .iter()
        .map(|version| {
            let low = version.requests as f64 / whole;
            let high = (version.requests as f64 + failed) / whole;
            format!("{} {} to {}", version.name, percent(low), percent(high))
        })
        .collect();
    format!(
        "{} of the requests reached no version, so shares are known within bounds only: {}.",
        percent(failed / whole),
        bounds.join(", ")
    )
}

pub(super) fn no_mix(question: &Question<'_>, fitted: &[f64]) -> String {
    let total: u64 = question.versions.iter().map(|version| version.requests).sum();
    let worst = question
        .versions
        .iter()
        .zip(fitted)
        .map(|(version, fit)| (version.name, version.requests as f64 / total.max(1) as f64, *fit))
        .max_by(|(_, a, b), (_, c, d)| (a - b).abs().total_cmp(&(c - d).abs()));
    let Some((name, got, fit)) = worst else { return "The shares fit no mix.".to_owned() };
    format!(
        "No mix of the rules gives these shares: {name} got {}, the closest mix gives {}.",
        percent(got),
        percent(fit)
    )
}

pub(super) fn mix(rules: usize) -> String {
    format!(
        "Consistent with the {rules} rules that apply; the mix itself cannot be checked from metrics."
    )
}

/// Names of the versions that have a share, as the test counts them.
fn named<'a>(question: &Question<'a>) -> Vec<&'a str> {
    let shares = question.rules.first();
    let has = |at: usize| shares.and_then(|rule| rule.get(at)).is_some_and(|share| *share > 0.0);
    let versions = question.versions.iter().enumerate();
    versions.filter(|(at, _)| has(*at)).map(|(_, version)| version.name).collect()
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn points(fraction: f64) -> String {
    format!("{:.1}", 100.0 * fraction)
}

fn percent(fraction: f64) -> String {
    let text = points(fraction);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

fn duration(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else if seconds < 7200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.0} h", seconds / 3600.0)
    }
}
