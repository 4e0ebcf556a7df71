//! Whether counted requests agree with configured weights: statistics alone.
//!
//! Disagreement is told by an e-value, which stays valid however often one looks; agreement is
//! shown, not assumed from a failure to disagree: every share's interval must lie within the
//! tolerance of its weight.

use super::numerics::{ln_gamma, normal_quantile};
use super::{Evidence, Verdict};

mod words;

/// What "differs" and "agrees" mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// A deviation up to this is immaterial, as a fraction; for small shares half the share.
    pub tolerance: f64,
    /// Chance of a false "differs" over a whole session.
    pub alpha: f64,
    /// Chance that a true share lies outside the intervals of "agrees".
    pub agree_alpha: f64,
    /// Agreement that stands up to being looked at again and again: for gates and exports.
    pub strict: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { tolerance: 0.05, alpha: 0.01, agree_alpha: 0.05, strict: false }
    }
}

/// One version's counted requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed<'a> {
    pub name: &'a str,
    pub requests: u64,
}

/// What is to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'a> {
    pub versions: &'a [Observed<'a>],
    /// The shares each applicable rule gives the versions, in their order, as fractions that add
    /// up to 1. None: no weights are configured. Several: their mix is not known.
    pub rules: &'a [Vec<f64>],
    /// Requests to the service that reached no version, injected faults left out.
    pub unrouted: u64,
    /// Requests per second at present.
    pub rate: Option<f64>,
    /// Why the window cannot be judged yet, such as a change of a moment ago.
    pub gate: Option<&'a str>,
    pub limits: Limits,
}

/// The verdict with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub explanation: String,
    pub evidence: Evidence,
}

/// Judges.
pub fn judge(question: &Question<'_>) -> Judgement {
    let counts: Vec<u64> = question.versions.iter().map(|version| version.requests).collect();
    let total: u64 = counts.iter().sum();
    let mut evidence = Evidence { requests: total, ..Evidence::default() };
    if let Some(gate) = question.gate {
        return done(Verdict::Settling, evidence, words::settling(gate));
    }
    let shares = match distinct(question.rules) {
        rules if rules.is_empty() => {
            return done(Verdict::NoWeights, evidence, words::no_weights(question));
        }
        rules if rules.len() > 1 => return mixed(question, &counts, &rules, evidence),
        mut rules => rules.pop().unwrap_or_default(),
    };
    let unexpected = unexpected(question, std::slice::from_ref(&shares));
    let (counts, shares) = supported(&counts, &shares);
    let test = Test { counts: &counts, shares: &shares, limits: question.limits };
    evidence.e_value = Some(test.ln_e().exp());
    evidence.delta_percent = (total > 0).then(|| 100.0 * test.deviation());
    if !unexpected.is_empty() {
        return done(Verdict::UnexpectedVersion, evidence, words::unexpected(&unexpected));
    }
    if question.unrouted > 0 {
        return part_failing(question, &test, evidence);
    }
    let contradicted = test.ln_e() >= -question.limits.alpha.ln();
    if contradicted && test.is_material() {
        return done(Verdict::Differs, evidence, words::differs(question, &test));
    }
    if test.agrees() {
        let verdict = if contradicted { Verdict::AgreesSmallDrift } else { Verdict::Agrees };
        return done(verdict, evidence, words::agrees(question, &test, contradicted));
    }
    if contradicted {
        return done(Verdict::AgreesSmallDrift, evidence, words::agrees(question, &test, true));
    }
    let needed = needed_requests(&test).max(total.saturating_add(1));
    evidence.needed_requests = Some(needed);
    evidence.needed_seconds = question
        .rate
        .filter(|rate| *rate > 0.0)
        .map(|rate| needed.saturating_sub(total) as f64 / rate);
    done(Verdict::NotEnoughTraffic, evidence, words::not_enough(&evidence))
}

fn done(verdict: Verdict, evidence: Evidence, explanation: String) -> Judgement {
    Judgement { verdict, explanation, evidence }
}

/// Share vectors without repetitions; those that add up to nothing say nothing.
fn distinct(rules: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut out: Vec<Vec<f64>> = Vec::new();
    for rule in rules {
        let sum: f64 = rule.iter().sum();
        if sum <= 0.0 {
            continue;
        }
        let shares: Vec<f64> = rule.iter().map(|share| share / sum).collect();
        let same = |known: &Vec<f64>| known.iter().zip(&shares).all(|(a, b)| (a - b).abs() < 1e-9);
        if !out.iter().any(same) {
            out.push(shares);
        }
    }
    out
}

/// Versions with requests that no rule sends any to.
fn unexpected<'a>(question: &Question<'a>, rules: &[Vec<f64>]) -> Vec<Observed<'a>> {
    let versions = question.versions.iter().enumerate();
    let without = versions.filter(|(at, version)| {
        version.requests > 0 && rules.iter().all(|rule| rule.get(*at).is_none_or(|p| *p <= 0.0))
    });
    without.map(|(_, version)| *version).collect()
}

/// Counts and shares of the versions that have a share.
fn supported(counts: &[u64], shares: &[f64]) -> (Vec<u64>, Vec<f64>) {
    counts.iter().zip(shares).filter(|(_, share)| **share > 0.0).unzip()
}

/// Logarithm of the probability that a Dirichlet-multinomial with these pseudo-counts gives one
/// sequence with these counts.
fn ln_mixture(counts: &[u64], prior: &[f64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let whole: f64 = prior.iter().sum();
    let each = counts.iter().zip(prior).map(|(n, a)| ln_gamma(a + *n as f64) - ln_gamma(*a));
    ln_gamma(whole) - ln_gamma(whole + total as f64) + each.sum::<f64>()
}

/// Half a pseudo-count a version: no opinion.
const OPEN_PRIOR: f64 = 0.5;

/// Pseudo-counts of the prior around the configured shares, which finds small differences sooner.
const NEAR_PRIOR: f64 = 20.0;

/// Logarithm of the e-value of counts against shares: 0 for no evidence. Infinite if a version
/// without a share was counted.
pub fn ln_e_value(counts: &[u64], shares: &[f64]) -> f64 {
    let impossible = counts.iter().zip(shares).any(|(n, p)| *n > 0 && *p <= 0.0);
    if impossible {
        return f64::INFINITY;
    }
    let (counts, shares) = supported(counts, shares);
    let expected: f64 =
        counts.iter().zip(&shares).filter(|(n, _)| **n > 0).map(|(n, p)| *n as f64 * p.ln()).sum();
    // The mean of two e-values is one; each alone would be slow where the other is quick.
    let open = ln_mixture(&counts, &vec![OPEN_PRIOR; counts.len()]);
    let near: Vec<f64> = shares.iter().map(|share| NEAR_PRIOR * share).collect();
    let near = ln_mixture(&counts, &near);
    let (less, more) = if open < near { (open, near) } else { (near, open) };
    more + ((less - more).exp().ln_1p() - std::f64::consts::LN_2) - expected
}

/// Logarithm of the e-value against every mix of several rules (universal inference), with the
/// mix that fits best, found by expectation maximization.
pub fn ln_composite_e_value(counts: &[u64], rules: &[Vec<f64>]) -> (f64, Vec<f64>) {
    const STEPS: usize = 50;
    let mut weights = vec![1.0 / rules.len().max(1) as f64; rules.len()];
    let total: u64 = counts.iter().sum();
    let mix = |weights: &[f64], at: usize| -> f64 {
        weights.iter().zip(rules).map(|(q, rule)| q * rule.get(at).copied().unwrap_or(0.0)).sum()
    };
    for _ in 0..STEPS {
        if total == 0 {
            break;
        }
        let next: Vec<f64> = (weights.iter().zip(rules))
            .map(|(q, rule)| {
                let parts = counts.iter().enumerate().filter(|(_, n)| **n > 0).map(|(at, n)| {
                    let whole = mix(&weights, at);
                    let own = q * rule.get(at).copied().unwrap_or(0.0);
                    if whole > 0.0 { *n as f64 * own / whole } else { 0.0 }
                });
                parts.sum::<f64>() / total as f64
            })
            .collect();
        weights = next;
    }
    let fitted: Vec<f64> = (0..counts.len()).map(|at| mix(&weights, at)).collect();
    let supported: Vec<u64> = counts
        .iter()
        .enumerate()
        .filter(|(at, _)| rules.iter().any(|rule| rule.get(*at).is_some_and(|p| *p > 0.0)))
        .map(|(_, n)| *n)
        .collect();
    let impossible = counts.iter().zip(&fitted).any(|(n, p)| *n > 0 && *p <= 0.0);
    if impossible {
        return (f64::INFINITY, fitted);
    }
    let likely: f64 =
        counts.iter().zip(&fitted).filter(|(n, _)| **n > 0).map(|(n, p)| *n as f64 * p.ln()).sum();
    let open = ln_mixture(&supported, &vec![OPEN_PRIOR; supported.len()]);
    (open - likely, fitted)
}

/// Wilson's interval for a share, at a quantile of the normal distribution.
pub fn wilson(count: f64, total: f64, z: f64) -> (f64, f64) {
    if total <= 0.0 {
        return (0.0, 1.0);
    }
    let share = count / total;
    let scale = 1.0 + z * z / total;
    let centre = (share + z * z / (2.0 * total)) / scale;
    let spread = share * (1.0 - share) / total + z * z / (4.0 * total * total);
    let half = z / scale * spread.max(0.0).sqrt();
    (centre - half, centre + half)
}

/// One rule's shares against counts; every share is above 0.
struct Test<'a> {
    counts: &'a [u64],
    shares: &'a [f64],
    limits: Limits,
}

impl Test<'_> {
    fn total(&self) -> f64 {
        self.counts.iter().sum::<u64>() as f64
    }

    fn ln_e(&self) -> f64 {
        ln_e_value(self.counts, self.shares)
    }

    fn tolerance(&self, share: f64) -> f64 {
        self.limits.tolerance.min(share / 2.0)
    }

    fn deviations(&self) -> impl Iterator<Item = (f64, f64)> {
        let total = self.total().max(1.0);
        self.counts.iter().zip(self.shares).map(move |(n, p)| (*n as f64 / total - p, *p))
    }

    /// The largest deviation of a share from its weight.
    fn deviation(&self) -> f64 {
        self.deviations().map(|(by, _)| by.abs()).fold(0.0, f64::max)
    }

    fn is_material(&self) -> bool {
        self.deviations().any(|(by, share)| by.abs() > self.tolerance(share))
    }

    fn agrees(&self) -> bool {
        let counts: Vec<f64> = self.counts.iter().map(|n| *n as f64).collect();
        self.would_agree(&counts)
    }

    /// Whether these counts, whole or not, would show agreement.
    fn would_agree(&self, counts: &[f64]) -> bool {
        let total: f64 = counts.iter().sum();
        if total <= 0.0 {
            return false;
        }
        let versions = counts.len().max(1) as f64;
        let z = normal_quantile(1.0 - self.limits.agree_alpha / (2.0 * versions));
        counts.iter().zip(self.shares).all(|(count, share)| {
            let tolerance = self.tolerance(*share);
            let (low, high) = (share - tolerance, share + tolerance);
            if self.limits.strict {
                return self.edges_rejected(*count, total, low, high);
            }
            let (from, to) = wilson(*count, total, z);
            from >= low && to <= high
        })
    }

    /// Both edges of the tolerance are contradicted, and the share lies between them.
    fn edges_rejected(&self, count: f64, total: f64, low: f64, high: f64) -> bool {
        let share = count / total;
        let whole = count.round().max(0.0) as u64;
        let rest = (total - count).round().max(0.0) as u64;
        let rejected = |edge: f64| {
            edge <= 0.0
                || edge >= 1.0
                || ln_e_value(&[whole, rest], &[edge, 1.0 - edge]) >= -self.limits.agree_alpha.ln()
        };
        share >= low && share <= high && rejected(low) && rejected(high)
    }
}

/// The least number of requests at which shares that hit their weights would show agreement.
fn needed_requests(test: &Test<'_>) -> u64 {
    const MOST: u64 = 1 << 40;
    let enough = |total: u64| {
        let counts: Vec<f64> = test.shares.iter().map(|share| share * total as f64).collect();
        test.would_agree(&counts)
    };
    let mut high = 1;
    while high < MOST && !enough(high) {
        high *= 2;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

/// Shares are known within bounds only; if even those exclude a weight, it differs.
fn part_failing(question: &Question<'_>, test: &Test<'_>, evidence: Evidence) -> Judgement {
    let failed = question.unrouted as f64;
    let whole = test.total() + failed;
    let outside = test.counts.iter().zip(test.shares).any(|(count, share)| {
        let (low, high) = (*count as f64 / whole, (*count as f64 + failed) / whole);
        let tolerance = test.tolerance(*share);
        *share < low - tolerance || *share > high + tolerance
    });
    if outside && test.ln_e() >= -question.limits.alpha.ln() {
        return done(Verdict::Differs, evidence, words::differs(question, test));
    }
    done(Verdict::PartFailing, evidence, words::part_failing(question, whole))
}

/// Several rules: only what holds for every mix of them can be judged.
fn mixed(
    question: &Question<'_>,
    counts: &[u64],
    rules: &[Vec<f64>],
    mut evidence: Evidence,
) -> Judgement {
    let unexpected = unexpected(question, rules);
    let (ln_e, fitted) = ln_composite_e_value(counts, rules);
    let total = counts.iter().sum::<u64>() as f64;
    let off = counts.iter().zip(&fitted).map(|(n, p)| (*n as f64 / total.max(1.0) - p).abs());
    let largest = off.fold(0.0, f64::max);
    evidence.e_value = Some(ln_e.exp());
    evidence.delta_percent = (total > 0.0).then_some(100.0 * largest);
    let (verdict, text) = if !unexpected.is_empty() {
        (Verdict::UnexpectedVersion, words::unexpected(&unexpected))
    } else if total <= 0.0 {
        (Verdict::NotEnoughTraffic, words::not_enough(&evidence))
    } else if ln_e >= -question.limits.alpha.ln() && largest > question.limits.tolerance {
        (Verdict::Differs, words::no_mix(question, &fitted))
    } else if question.unrouted > 0 {
        (Verdict::PartFailing, words::part_failing(question, total + question.unrouted as f64))
    } else {
        (Verdict::ConsistentMix, words::mix(rules.len()))
    };
    done(verdict, evidence, text)
}

#[cfg(test)]
mod tests;
