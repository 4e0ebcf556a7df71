//! Whether counts and weights agree: an honest decision from a few numbers.
//!
//! Disagreement is said when the evidence against the weights reaches 100, which happens by
//! chance in under one session of a hundred however often one looks. Agreement is said when every
//! share is known to lie within the tolerance. Between the two stands "not enough traffic".

use super::statistics::{ln_evidence, ln_evidence_of_mix, normal_quantile, wilson};
use super::{Evidence, Verdict};

/// Evidence from which on the counts contradict the weights.
const CONTRADICTS: f64 = 100.0;
/// Confidence of the intervals that say "agrees", over all versions together.
const ALPHA: f64 = 0.05;
/// Evidence against both edges of the tolerance from which on agreement holds however often one
/// looked.
const STRICT: f64 = 20.0;
/// Scrapes that a window must hold for its counts to mean something.
const MIN_SCRAPES: u32 = 4;

/// What is to be judged. Versions are known by their position.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Question {
    /// Requests by version.
    pub counts: Vec<u64>,
    /// The share of each version, 0 to 1, by each rule that may apply; each sums to 1. None:
    /// the configuration sets no weights.
    pub rules: Vec<Vec<f64>>,
    /// Requests that no version served.
    pub unrouted: u64,
    /// How far a share may lie from its weight, 0 to 1.
    pub tolerance: f64,
    /// Length of the window.
    pub seconds: f64,
    /// Most scrapes of a series in the window.
    pub scrapes: u32,
    /// The window holds time from before a change.
    pub settling: bool,
    /// Agreement must hold however often one looks: for gates and exports.
    pub strict: bool,
}

/// The decision and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub evidence: Evidence,
    /// The version that deviates most.
    pub worst: Option<usize>,
    /// For failing parts: least and most of each version's share, 0 to 1.
    pub bounds: Vec<(f64, f64)>,
}

/// Decides.
pub fn judge(question: &Question) -> Judgement {
    let total: u64 = question.counts.iter().sum();
    let mut judgement = Judgement {
        verdict: Verdict::NotEnoughTraffic,
        evidence: Evidence { requests: total, ..Evidence::default() },
        worst: None,
        bounds: Vec::new(),
    };
    let mut rules = question.rules.clone();
    rules.dedup();
    judgement.verdict = match rules.as_slice() {
        [] => Verdict::NoWeights,
        _ if question.settling => Verdict::Settling,
        _ if total + question.unrouted == 0 => {
            need(question, &rules, &mut judgement);
            Verdict::NotEnoughTraffic
        }
        _ if question.scrapes > 0 && question.scrapes < MIN_SCRAPES => Verdict::NotEnoughTraffic,
        _ if unexpected(question, &rules, &mut judgement) => Verdict::UnexpectedVersion,
        _ if question.unrouted > 0 => {
            judgement.bounds = bounds(question, total);
            Verdict::PartFailing
        }
        [one] => against_weights(question, one, &mut judgement),
        several => against_mix(question, several, &mut judgement),
    };
    judgement
}

/// Whether a version that no rule sends to served requests.
fn unexpected(question: &Question, rules: &[Vec<f64>], judgement: &mut Judgement) -> bool {
    let share = |rule: &Vec<f64>, i: usize| rule.get(i).copied().unwrap_or_default();
    let stray = question
        .counts
        .iter()
        .enumerate()
        .find(|(i, n)| **n > 0 && rules.iter().all(|rule| share(rule, *i) <= 0.0));
    judgement.worst = stray.map(|(i, _)| i).or(judgement.worst);
    stray.is_some()
}

/// What each share can be when the unrouted requests went anywhere.
fn bounds(question: &Question, total: u64) -> Vec<(f64, f64)> {
    let all = (total + question.unrouted) as f64;
    let bound = |n: &u64| (*n as f64 / all, (*n + question.unrouted) as f64 / all);
    question.counts.iter().map(bound).collect()
}

/// The tolerance of a share: smaller for small shares, which it would swallow.
fn tolerance(question: &Question, p: f64) -> f64 {
    question.tolerance.min(p / 2.0)
}

fn against_weights(question: &Question, weights: &[f64], judgement: &mut Judgement) -> Verdict {
    let (counts, p) = weighted(question, weights);
    let total: u64 = counts.iter().sum();
    let evidence = ln_evidence(&counts, &p).exp();
    judgement.evidence.e_value = Some(evidence);
    deviation(question, weights, judgement);
    let beyond = |(n, p): (&u64, &f64)| {
        (*n as f64 / total.max(1) as f64 - p).abs() > tolerance(question, *p)
    };
    if evidence >= CONTRADICTS {
        let material = counts.iter().zip(&p).any(beyond);
        return if material { Verdict::Differs } else { Verdict::AgreesSmallDrift };
    }
    let inside = |(n, p): (&u64, &f64)| within(question, (*n, total), *p, counts.len());
    if counts.iter().zip(&p).all(inside) {
        return Verdict::Agrees;
    }
    need(question, &[weights.to_vec()], judgement);
    Verdict::NotEnoughTraffic
}

/// Counts and weights of the versions that have a weight.
fn weighted(question: &Question, weights: &[f64]) -> (Vec<u64>, Vec<f64>) {
    question.counts.iter().zip(weights).filter(|(_, p)| **p > 0.0).map(|(n, p)| (*n, *p)).unzip()
}

/// Whether a share is known to lie within its tolerance.
fn within(question: &Question, (count, total): (u64, u64), p: f64, versions: usize) -> bool {
    let slack = tolerance(question, p);
    let (low, high) = (p - slack, p + slack);
    if question.strict {
        let pair = [count, total - count];
        // An edge beyond what a share can be needs no evidence.
        let rejects = |edge: f64| {
            edge <= 0.0 || edge >= 1.0 || ln_evidence(&pair, &[edge, 1.0 - edge]).exp() >= STRICT
        };
        let share = count as f64 / total.max(1) as f64;
        return total > 0 && (low..=high).contains(&share) && rejects(low) && rejects(high);
    }
    let (from, to) = wilson(count, total, z(versions));
    from >= low && to <= high.min(1.0)
}

/// Standard deviations of simultaneous intervals for this many versions.
fn z(versions: usize) -> f64 {
    normal_quantile(1.0 - ALPHA / (2.0 * versions.max(1) as f64))
}

fn deviation(question: &Question, weights: &[f64], judgement: &mut Judgement) {
    let total: u64 = question.counts.iter().sum();
    if total == 0 {
        return;
    }
    let off = question
        .counts
        .iter()
        .zip(weights)
        .enumerate()
        .map(|(i, (n, p))| (i, (*n as f64 / total as f64 - p).abs()));
    if let Some((worst, most)) = off.max_by(|a, b| a.1.total_cmp(&b.1)) {
        judgement.worst = Some(worst);
        judgement.evidence.delta_percent = Some(most * 100.0);
    }
}

/// How many requests would let agreement be said if the shares are what they should be, and how
/// long that takes at the present rate.
fn need(question: &Question, rules: &[Vec<f64>], judgement: &mut Judgement) {
    let Some(weights) = rules.first() else { return };
    let (_, weights) = weighted(question, weights);
    let enough = |total: u64| {
        weights.iter().all(|p| {
            let count = (p * total as f64).round() as u64;
            within(question, (count.min(total), total), *p, weights.len())
        })
    };
    let mut high = 1_u64;
    while !enough(high) && high < 1 << 24 {
        high *= 2;
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low.midpoint(high);
        if enough(middle) { high = middle } else { low = middle }
    }
    let total: u64 = question.counts.iter().sum();
    judgement.evidence.needed_requests = Some(high);
    if total > 0 && question.seconds > 0.0 {
        let rate = total as f64 / question.seconds;
        judgement.evidence.needed_seconds = Some(high.saturating_sub(total) as f64 / rate);
    }
}

fn against_mix(question: &Question, rules: &[Vec<f64>], judgement: &mut Judgement) -> Verdict {
    let (evidence, best) = ln_evidence_of_mix(&question.counts, rules);
    judgement.evidence.e_value = Some(evidence.exp());
    deviation(question, &best, judgement);
    let off = judgement.evidence.delta_percent.unwrap_or_default() / 100.0;
    if evidence.exp() >= CONTRADICTS && off > question.tolerance {
        Verdict::Differs
    } else {
        Verdict::ConsistentMix
    }
}

#[cfg(test)]
mod tests;
