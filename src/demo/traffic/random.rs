//! Seeded chance: the same seed draws the same numbers, on every machine.

/// A small generator (SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014). Not for secrets.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// A generator of its own for each seed and stream.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.bits();
        random
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from `[0, 1)`.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From the standard normal distribution (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// How many of `n` trials succeed, each with probability `p`.
    pub(super) fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if n == 0 || p.is_nan() || p <= 0.0 {
            return 0;
        }
        if p >= 1.0 {
            return n;
        }
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        let mean = n as f64 * p;
        if mean > 200.0 {
            // Large counts: the normal distribution is close enough.
            let drawn = (mean + self.normal() * (mean * (1.0 - p)).sqrt()).round();
            return (drawn.max(0.0) as u64).min(n);
        }
        // From success to success: the gaps are geometric.
        let scale = (1.0 - p).ln();
        let (mut successes, mut trials) = (0, 0.0);
        loop {
            trials += ((1.0 - self.uniform()).ln() / scale).floor() + 1.0;
            if trials > n as f64 {
                return successes;
            }
            successes += 1;
        }
    }

    /// `n` drawn into shares by their weights; the counts add up to `n` unless no weight is
    /// above zero.
    pub(super) fn multinomial(&mut self, n: u64, weights: &[f64]) -> Vec<u64> {
        let mut left = n;
        let mut weight: f64 = weights.iter().filter(|weight| **weight > 0.0).sum();
        let draw = weights.iter().map(|share| {
            if *share <= 0.0 || weight <= 0.0 {
                return 0;
            }
            let drawn = self.binomial(left, share / weight);
            left -= drawn;
            weight -= share;
            drawn
        });
        let mut counts: Vec<u64> = draw.collect();
        // Rounding may leave a rest behind the last share.
        let last = weights.iter().rposition(|weight| *weight > 0.0);
        if let Some(count) = last.and_then(|last| counts.get_mut(last)) {
            *count += left;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_add_up(
            seed in any::<u64>(),
            n in 0_u64..5000,
            weights in proptest::collection::vec(0.0_f64..100.0, 1..6),
        ) {
            let counts = Random::new(seed, 1).multinomial(n, &weights);
            let drawn: u64 = counts.iter().sum();
            prop_assert_eq!(drawn, if weights.iter().any(|w| *w > 0.0) { n } else { 0 });
            for (count, weight) in counts.iter().zip(&weights) {
                prop_assert!(*weight > 0.0 || *count == 0);
            }
        }
    }

    #[test]
    fn binomials_have_their_mean_and_spread() {
        for (n, p) in [(100_u64, 0.01), (100, 0.8), (5000, 0.3)] {
            let mut random = Random::new(7, 0);
            let draws: Vec<f64> = (0..4000).map(|_| random.binomial(n, p) as f64).collect();
            let mean = draws.iter().sum::<f64>() / 4000.0;
            let spread = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 4000.0;
            let (want, variance) = (n as f64 * p, n as f64 * p * (1.0 - p));
            assert!((mean - want).abs() < 5.0 * (variance / 4000.0).sqrt(), "{n} {p}: {mean}");
            assert!((spread / variance - 1.0).abs() < 0.15, "{n} {p}: {spread}");
        }
    }

    #[test]
    fn a_seed_repeats_and_streams_differ() {
        let draw = |seed, stream| Random::new(seed, stream).uniform().to_bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }
}
