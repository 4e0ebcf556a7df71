//! Health of nodes and edges, from the outcome of their requests and the state of their pods.
//!
//! Thresholds are Kiali's defaults, so that both say the same of the same traffic. Two things
//! differ by design: a surge of pods during a roll-out is no failure, and a share of few requests
//! is never called a failure, but said to be a share of few.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::graph::{Health, Protocol};

mod config;
mod pods;

pub use config::{CodePattern, Direction, HealthConfig, HealthRule, Pattern, Tolerance};
pub use pods::pods;

/// A verdict and its reason; the reason is empty when healthy or unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    pub health: Health,
    pub reason: String,
}

impl Judged {
    pub fn new(health: Health, reason: impl Into<String>) -> Self {
        Self { health, reason: reason.into() }
    }

    /// The worse of two; the first where they are as bad.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        if other.health > self.health { other } else { self }
    }
}

/// What is judged, as rules name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Subject<'a> {
    pub namespace: &'a str,
    /// `app`, `workload` or `service`.
    pub kind: &'a str,
    pub name: &'a str,
    /// The object's annotation `health.kiali.io/rate`, which goes before the rules.
    pub annotation: Option<&'a str>,
}

/// Requests per second by protocol and code, in one direction. `-` is no response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcomes {
    rates: BTreeMap<(Protocol, Arc<str>), f64>,
}

impl Outcomes {
    pub fn add(&mut self, protocol: Protocol, code: &Arc<str>, rate: f64) {
        *self.rates.entry((protocol, Arc::clone(code))).or_default() += rate;
    }

    fn total(&self, protocol: Protocol) -> f64 {
        let of = self.rates.iter().filter(|((each, _), _)| *each == protocol);
        of.map(|(_, rate)| rate).sum()
    }
}

/// Judges the requests of one direction over a window. TCP has no outcome: it is not judged.
pub fn requests(
    config: &HealthConfig,
    subject: &Subject<'_>,
    direction: Direction,
    outcomes: &Outcomes,
    window: Duration,
) -> Judged {
    let tolerances = config.tolerances(subject);
    let mut worst = Judged::default();
    for (protocol, name) in [(Protocol::Http, "http"), (Protocol::Grpc, "grpc")] {
        let total = outcomes.total(protocol);
        if total <= 0.0 {
            continue;
        }
        worst = worst.or_worse(Judged::new(Health::Healthy, ""));
        for tolerance in tolerances.iter().filter(|t| t.applies(name, direction)) {
            let matching = outcomes
                .rates
                .iter()
                .filter(|((each, code), _)| *each == protocol && tolerance.code.matches(code));
            let matching: f64 = matching.map(|(_, rate)| rate).sum();
            let count = total * window.as_secs_f64();
            worst = worst.or_worse(share(config, tolerance, 100.0 * matching / total, count));
        }
    }
    worst
}

/// Judges a share of `count` requests against one tolerance.
fn share(config: &HealthConfig, tolerance: &Tolerance, percent: f64, count: f64) -> Judged {
    let health = tolerance.judge(percent);
    if health == Health::Healthy {
        return Judged::new(health, "");
    }
    let code =
        if tolerance.code.as_str() == "-" { "without response" } else { tolerance.code.as_str() };
    let reason = format!("{} % {code}", rounded(percent));
    if count < config.min_requests {
        let reason = format!("{reason}, of only {} requests", count.round());
        return Judged::new(health.min(Health::Degraded), reason);
    }
    Judged::new(health, reason)
}

/// One decimal, and no `.0`; what is above zero does not round to it.
fn rounded(percent: f64) -> String {
    if percent < 0.1 {
        return "< 0.1".to_owned();
    }
    let text = format!("{percent:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests;
