//! Functions over a range of samples: `rate` and its kin, `*_over_time`, regression.
//!
//! Rules: Prometheus 2.42, `promql/functions.go`.

use super::super::chunk::Sample;

/// The samples of one series within a range, never empty, and the range itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window<'a> {
    pub(super) samples: &'a [Sample],
    /// Both ends of the range, in milliseconds.
    pub(super) from: i64,
    pub(super) to: i64,
    /// The time of evaluation; later than `to` under an offset.
    pub(super) now: i64,
}

/// A sum that keeps what rounding loses (Kahan, in Neumaier's form).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn add(&mut self, value: f64) {
        let total = self.sum + value;
        if total.is_finite() {
            self.lost += if self.sum.abs() >= value.abs() {
                (self.sum - total) + value
            } else {
                (value - total) + self.sum
            };
        } else {
            self.lost = 0.0;
        }
        self.sum = total;
    }

    pub(super) fn of(values: impl Iterator<Item = f64>) -> f64 {
        let mut sum = Self::default();
        values.for_each(|value| sum.add(value));
        sum.total()
    }

    pub(super) fn total(self) -> f64 {
        self.sum + self.lost
    }
}

impl<'a> Window<'a> {
    fn values(&self) -> impl Iterator<Item = f64> + Clone + use<'a> {
        self.samples.iter().map(|sample| sample.value)
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.values().zip(self.values().skip(1))
    }

    /// First and last sample, where there are two or more.
    fn ends(&self) -> Option<(Sample, Sample)> {
        match self.samples {
            [first, .., last] => Some((*first, *last)),
            _ => None,
        }
    }

    /// Where a sample is the last one, the pair it makes with the one before.
    fn last_pair(&self) -> Option<(Sample, Sample)> {
        match self.samples {
            [.., before, last] => Some((*before, *last)),
            _ => None,
        }
    }
}

fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// The increase over the whole range, extrapolated to its ends as far as the samples' own
/// distance allows, and never to below zero for a counter (`extrapolatedRate`).
fn extrapolated(window: &Window<'_>, counter: bool) -> Option<f64> {
    let (first, last) = window.ends()?;
    let mut increase = last.value - first.value;
    if counter {
        increase += window.pairs().filter(|(a, b)| b < a).map(|(a, _)| a).sum::<f64>();
    }
    let mut to_start = seconds(first.at - window.from);
    let to_end = seconds(window.to - last.at);
    let sampled = seconds(last.at - first.at);
    let average = sampled / (window.samples.len() - 1) as f64;
    if counter && increase > 0.0 && first.value >= 0.0 {
        // A counter starts at zero: no further back than where it would have been zero.
        to_start = to_start.min(sampled * (first.value / increase));
    }
    let reach = |gap: f64| if gap < average * 1.1 { gap } else { average / 2.0 };
    let interval = sampled + reach(to_start) + reach(to_end);
    Some(increase * (interval / sampled))
}

pub(super) fn increase(window: &Window<'_>) -> Option<f64> {
    extrapolated(window, true)
}

pub(super) fn delta(window: &Window<'_>) -> Option<f64> {
    extrapolated(window, false)
}

pub(super) fn rate(window: &Window<'_>) -> Option<f64> {
    Some(extrapolated(window, true)? / seconds(window.to - window.from))
}

pub(super) fn irate(window: &Window<'_>) -> Option<f64> {
    let (before, last) = window.last_pair()?;
    let reset = last.value < before.value;
    let step = if reset { last.value } else { last.value - before.value };
    Some(step / seconds(last.at - before.at))
}

pub(super) fn idelta(window: &Window<'_>) -> Option<f64> {
    let (before, last) = window.last_pair()?;
    Some(last.value - before.value)
}

pub(super) fn changes(window: &Window<'_>) -> f64 {
    // A NaN after a NaN is no change.
    let changed = |(a, b): &(f64, f64)| a.ne(b) && !(a.is_nan() && b.is_nan());
    window.pairs().filter(changed).count() as f64
}

pub(super) fn resets(window: &Window<'_>) -> f64 {
    window.pairs().filter(|(a, b)| b < a).count() as f64
}

pub(super) fn avg(window: &Window<'_>) -> f64 {
    mean(window.values())
}

/// The mean, step by step where the sum would not fit.
pub(super) fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count() as f64;
    let sum = Sum::of(values.clone());
    if sum.is_finite() || values.clone().any(|value| !value.is_finite()) {
        return sum / count;
    }
    Sum::of(values.map(|value| value / count))
}

pub(super) fn sum(window: &Window<'_>) -> f64 {
    Sum::of(window.values())
}

pub(super) fn count(window: &Window<'_>) -> f64 {
    window.samples.len() as f64
}

pub(super) fn last(window: &Window<'_>) -> f64 {
    window.values().last().unwrap_or(f64::NAN)
}

pub(super) fn present(_: &Window<'_>) -> f64 {
    1.0
}

pub(super) fn min(window: &Window<'_>) -> f64 {
    window.values().reduce(smaller).unwrap_or(f64::NAN)
}

pub(super) fn max(window: &Window<'_>) -> f64 {
    window.values().reduce(larger).unwrap_or(f64::NAN)
}

/// The smaller one; a NaN only where there is nothing else.
pub(super) fn smaller(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { b } else { a }
}

/// The larger one; a NaN only where there is nothing else.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { b } else { a }
}

pub(super) fn stdvar(window: &Window<'_>) -> f64 {
    variance(window.values())
}

pub(super) fn stddev(window: &Window<'_>) -> f64 {
    variance(window.values()).sqrt()
}

/// The population variance (Welford's method, with compensated sums).
pub(super) fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, Sum::default(), Sum::default());
    for value in values {
        count += 1.0;
        let before = value - mean.total();
        mean.add(before / count);
        squares.add(before * (value - mean.total()));
    }
    squares.total() / count
}

/// The φ-quantile between the two nearest ranks; NaN where there is nothing to rank.
pub(super) fn quantile(q: f64, values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    if sorted.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    // A NaN ranks below every number.
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan())));
    let top = sorted.len() - 1;
    let rank = q * top as f64;
    let lower = (rank.floor() as usize).min(top);
    let value = |at: usize| sorted.get(at.min(top)).copied().unwrap_or(f64::NAN);
    let weight = rank - rank.floor();
    value(lower) * (1.0 - weight) + value(lower + 1) * weight
}

pub(super) fn over_time_quantile(q: f64, window: &Window<'_>) -> f64 {
    quantile(q, window.values())
}

pub(super) fn deriv(window: &Window<'_>) -> Option<f64> {
    let (first, _) = window.ends()?;
    Some(regression(window, first.at).0)
}

/// Where the regression line is `ahead` seconds after the time of evaluation.
pub(super) fn predict(window: &Window<'_>, ahead: f64) -> Option<f64> {
    window.ends()?;
    let (slope, intercept) = regression(window, window.now);
    Some(slope * ahead + intercept)
}

/// Slope per second, and value at `zero`, of the least-squares line.
fn regression(window: &Window<'_>, zero: i64) -> (f64, f64) {
    let constant = window.pairs().all(|(a, b)| a.eq(&b));
    if let (true, Some(value)) = (constant, window.values().next()) {
        return if value.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, value) };
    }
    let xs = || window.samples.iter().map(|sample| seconds(sample.at - zero));
    let n = window.samples.len() as f64;
    let sum_x = Sum::of(xs());
    let sum_y = Sum::of(window.values());
    let sum_xy = Sum::of(xs().zip(window.values()).map(|(x, y)| x * y));
    let sum_xx = Sum::of(xs().map(|x| x * x));
    let slope = (sum_xy - sum_x * sum_y / n) / (sum_xx - sum_x * sum_x / n);
    (slope, sum_y / n - slope * sum_x / n)
}
