//! How long requests take, in the buckets that Envoy counts them in.

use super::random::Random;

/// Upper bounds of Envoy's default histogram buckets, in milliseconds (Envoy documentation,
/// `HistogramBucketSettings`; Istio keeps them, for bytes too).
pub(super) const BOUNDS: [f64; 19] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// A log-normal distribution of durations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Latency {
    /// Half of the requests are faster; milliseconds.
    pub median: f64,
    /// Spread of the logarithm.
    pub sigma: f64,
}

impl Latency {
    /// The share of requests that take at most so long.
    fn share_within(self, millis: f64) -> f64 {
        if millis <= 0.0 {
            return 0.0;
        }
        let z = (millis / self.median).ln() / self.sigma;
        // The logistic curve stands in for the normal one: they differ by less than a hundredth.
        1.0 / (1.0 + (-1.702 * z).exp())
    }

    fn mean(self) -> f64 {
        self.median * (self.sigma * self.sigma / 2.0).exp()
    }
}

/// Durations counted: cumulative buckets, with the sum.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Histogram {
    /// Requests within each of [`BOUNDS`].
    pub within: [u64; BOUNDS.len()],
    pub count: u64,
    /// Milliseconds.
    pub sum: f64,
}

impl Histogram {
    /// Counts `n` requests that take `extra` milliseconds beside what the distribution gives.
    /// One draw places them all: evenly through the distribution, from a random start.
    pub(super) fn observe(&mut self, random: &mut Random, n: u64, latency: Latency, extra: f64) {
        let start = random.uniform();
        for (within, bound) in self.within.iter_mut().zip(BOUNDS) {
            let share = latency.share_within(bound - extra);
            *within += ((n as f64 * share + start).floor() as u64).min(n);
        }
        self.count += n;
        let spread = 1.0 + 0.5 * latency.sigma * random.normal() / (n as f64).sqrt().max(1.0);
        self.sum += (n as f64 * (extra + latency.mean() * spread.max(0.1)) * 8.0).round() / 8.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_hold_every_request() {
        let (mut histogram, mut random) = (Histogram::default(), Random::new(3, 3));
        for n in 1..200 {
            histogram.observe(&mut random, n, Latency { median: 8.0, sigma: 0.6 }, 0.0);
        }
        assert!(histogram.within.is_sorted());
        assert_eq!(histogram.within[18], histogram.count);
        let half = histogram.within[3] as f64 / histogram.count as f64;
        assert!((0.55..0.75).contains(&half), "within 10 ms of a median of 8 ms: {half}");
        let mean = histogram.sum / histogram.count as f64;
        assert!((8.0..12.0).contains(&mean), "{mean}");
    }

    #[test]
    fn a_delay_moves_every_request() {
        let (mut histogram, mut random) = (Histogram::default(), Random::new(3, 3));
        histogram.observe(&mut random, 50, Latency { median: 3.0, sigma: 0.5 }, 7000.0);
        assert_eq!((histogram.within[11], histogram.within[12]), (0, 50));
    }
}
