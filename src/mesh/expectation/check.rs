//! One expectation against one answer.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Expected;
use crate::mesh::host;
use crate::mesh::routing::Answer;

/// Shares may differ by this much, in percent points: they are configured, not counted.
const SHARE_TOLERANCE: f64 = 0.05;

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// The key in the file.
    pub what: &'static str,
    pub expected: String,
    pub actual: String,
}

struct Comparison {
    found: Vec<Mismatch>,
}

impl Comparison {
    fn equal(&mut self, what: &'static str, expected: Option<String>, actual: Option<String>) {
        let Some(expected) = expected else { return };
        let actual = actual.unwrap_or_else(|| "none".to_owned());
        if expected != actual {
            self.found.push(Mismatch { what, expected, actual });
        }
    }
}

pub(super) fn compare(expected: &Expected, answer: &Answer, namespace: &str) -> Vec<Mismatch> {
    let mut comparison = Comparison { found: Vec::new() };
    compare_rule(&mut comparison, expected, answer, namespace);
    compare_destinations(&mut comparison, expected, answer, namespace);
    compare_actions(&mut comparison, expected, answer, namespace);
    comparison.found
}

fn compare_rule(to: &mut Comparison, expected: &Expected, answer: &Answer, namespace: &str) {
    let outcome = serde_json::to_value(answer.outcome).ok();
    let outcome = outcome.as_ref().and_then(|value| value.as_str()).map(str::to_owned);
    to.equal("outcome", expected.outcome.clone(), outcome);
    to.equal(
        "status",
        expected.status.map(|s| s.to_string()),
        answer.status.map(|s| s.to_string()),
    );
    let rule = answer.rule.as_ref();
    let wanted = expected.rule.as_ref().map(|name| qualified(name, namespace));
    to.equal("rule", wanted, rule.map(|rule| format!("{}/{}", rule.namespace, rule.name)));
    let index = rule.and_then(|rule| rule.index);
    to.equal(
        "rule-index",
        expected.rule_index.map(|i| i.to_string()),
        index.map(|i| i.to_string()),
    );
    let name = rule.and_then(|rule| rule.rule_name.as_deref()).map(str::to_owned);
    to.equal("rule-name", expected.rule_name.clone(), name);
}

fn qualified(name: &str, namespace: &str) -> String {
    if name.contains('/') { name.to_owned() } else { format!("{namespace}/{name}") }
}

fn compare_destinations(
    to: &mut Comparison,
    expected: &Expected,
    answer: &Answer,
    namespace: &str,
) {
    let every = |values: Vec<String>| {
        let mut values = values;
        values.sort();
        values.dedup();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let of = |pick: fn(&crate::mesh::routing::Destination) -> Option<String>| {
        every(answer.destinations.iter().filter_map(pick).collect())
    };
    let full = |name: &String| host::full_name(name, namespace).into_owned();
    to.equal("service", expected.service.as_ref().map(full), of(|d| Some(d.host.to_string())));
    let subset = of(|d| Some(d.subset.as_deref().unwrap_or("none").to_owned()));
    to.equal("subset", expected.subset.clone(), subset);
    let port = of(|d| d.port.map(|port| port.to_string()));
    to.equal("port", expected.port.map(|port| port.to_string()), port);
    if let Some(least) = expected.min_ready {
        for destination in answer.destinations.iter().filter(|d| d.pods.ready < least) {
            let name = destination.subset.as_deref().unwrap_or(&destination.host);
            to.found.push(Mismatch {
                what: "min-ready",
                expected: format!("at least {least} behind {name}"),
                actual: format!("{} of {}", destination.pods.ready, destination.pods.total),
            });
        }
    }
    if !expected.shares.is_empty() {
        compare_shares(to, expected, answer, namespace);
    }
}

fn compare_shares(to: &mut Comparison, expected: &Expected, answer: &Answer, namespace: &str) {
    let mut actual: BTreeMap<String, f64> = BTreeMap::new();
    for destination in &answer.destinations {
        let service = host::service_of(&destination.host);
        let short = match service {
            Some((name, of)) if of == namespace => name,
            _ => &destination.host,
        };
        let key = destination.subset.as_deref().unwrap_or(short);
        *actual.entry(key.to_owned()).or_default() += destination.percent;
    }
    let print = |shares: &BTreeMap<String, f64>| {
        let parts: Vec<String> = shares.iter().map(|(k, v)| format!("{k} {v:.4}")).collect();
        let trimmed =
            parts.iter().map(|p| p.trim_end_matches('0').trim_end_matches('.').to_owned() + "%");
        trimmed.collect::<Vec<_>>().join(", ")
    };
    let wanted: BTreeMap<String, f64> =
        expected.shares.iter().filter(|(_, p)| **p > 0.0).map(|(k, p)| (k.clone(), *p)).collect();
    let same = wanted.len() == actual.len()
        && wanted.iter().all(|(key, percent)| {
            actual.get(key).is_some_and(|found| (found - percent).abs() <= SHARE_TOLERANCE)
        });
    if !same {
        let none = || "none".to_owned();
        to.found.push(Mismatch {
            what: "shares",
            expected: print(&wanted),
            actual: if actual.is_empty() { none() } else { print(&actual) },
        });
    }
}

fn compare_actions(to: &mut Comparison, expected: &Expected, answer: &Answer, namespace: &str) {
    let actions = &answer.actions;
    let location = answer.redirect.as_ref().map(|redirect| redirect.location.clone());
    to.equal("redirect", expected.redirect.clone(), location);
    to.equal("timeout", expected.timeout.clone(), actions.timeout.clone());
    let attempts = actions.retries.as_ref().map(|retries| retries.attempts.to_string());
    to.equal("retries", expected.retries.map(|n| n.to_string()), attempts);
    let rewritten = actions.rewrite.as_ref();
    to.equal(
        "rewritten-path",
        expected.rewritten_path.clone(),
        rewritten.map(|rewrite| rewrite.forwarded_path.clone()),
    );
    to.equal(
        "rewritten-host",
        expected.rewritten_host.clone(),
        rewritten.map(|rewrite| rewrite.forwarded_authority.clone()),
    );
    let mirrors: Vec<&str> = actions.mirror.iter().map(|mirror| &*mirror.host).collect();
    let wanted = expected.mirror.as_ref().map(|m| host::full_name(m, namespace).into_owned());
    to.equal("mirror", wanted, (!mirrors.is_empty()).then(|| mirrors.join(", ")));
    let fault = actions.fault.as_ref();
    let delay = fault.and_then(|f| f.delay.as_ref()).map(|delay| delay.fixed.clone());
    to.equal("delay", expected.delay.clone(), delay);
    let abort = fault.and_then(|f| f.abort.as_ref()).and_then(|abort| abort.http_status);
    to.equal("abort", expected.abort.map(|s| s.to_string()), abort.map(|s| s.to_string()));
}
