//! The few functions that the verdict needs: evidence that stays valid however often one looks,
//! and intervals for shares.
//!
//! Sources: the Dirichlet-multinomial mixture as an e-value (Robbins; Ville's inequality),
//! universal inference for composite hypotheses (Wasserman, Ramdas, Balakrishnan 2020), Wilson's
//! score interval (1927), Lanczos' approximation of the gamma function, Acklam's of the normal
//! quantile.

use std::f64::consts::PI;

/// Parameter of the Dirichlet prior, Jeffreys' choice.
const PRIOR: f64 = 0.5;

/// Natural logarithm of Γ(x) for x > 0; relative error below 1e-13.
#[expect(clippy::excessive_precision, reason = "Lanczos' coefficients as published")]
pub(super) fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const C: [f64; 9] = [
        0.999_999_999_999_809_93,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_13,
        -176.615_029_162_140_59,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        return (PI / (PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let [first, rest @ ..] = C;
    let series = rest.iter().enumerate().fold(first, |sum, (i, c)| sum + c / (x + i as f64 + 1.0));
    let t = x + G + 0.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + series.ln()
}

/// Quantile of the standard normal distribution for 0 < p < 1; error below 1.2e-9.
pub(super) fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -39.696_830_286_653_76,
        220.946_098_424_520_5,
        -275.928_510_446_968_7,
        138.357_751_867_269,
        -30.664_798_066_147_16,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -54.476_098_798_224_06,
        161.585_836_858_040_9,
        -155.698_979_859_886_6,
        66.801_311_887_719_72,
        -13.280_681_552_885_72,
        1.0,
    ];
    const C: [f64; 6] = [
        -0.007_784_894_002_430_293,
        -0.322_396_458_041_136_5,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [
        0.007_784_695_709_041_462,
        0.322_467_129_070_039_8,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    let polynomial = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        polynomial(&C, q) / polynomial(&D, q)
    };
    if p < 0.024_25 {
        tail(p)
    } else if p > 1.0 - 0.024_25 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        q * polynomial(&A, q * q) / polynomial(&B, q * q)
    }
}

/// ln of the probability of these counts in this order under the Dirichlet mixture.
fn ln_mixture(counts: &[u64]) -> f64 {
    let total: u64 = counts.iter().sum();
    let weight = PRIOR * counts.len() as f64;
    let each: f64 = counts.iter().map(|n| ln_gamma(PRIOR + *n as f64) - ln_gamma(PRIOR)).sum();
    ln_gamma(weight) - ln_gamma(weight + total as f64) + each
}

/// ln of the e-value against the shares `p`: the evidence that the counts do not come from them.
/// Infinite when a count lies where the share is 0.
pub(super) fn ln_evidence(counts: &[u64], p: &[f64]) -> f64 {
    ln_mixture(counts) - ln_likelihood(counts, p)
}

fn ln_likelihood(counts: &[u64], p: &[f64]) -> f64 {
    let some = counts.iter().zip(p).filter(|(n, _)| **n > 0);
    some.map(|(n, p)| *n as f64 * p.ln()).sum()
}

/// ln of the e-value against every mix of several share vectors, and the best mix's shares.
pub(super) fn ln_evidence_of_mix(counts: &[u64], rules: &[Vec<f64>]) -> (f64, Vec<f64>) {
    const STEPS: usize = 50;
    let mut mix = vec![1.0 / rules.len() as f64; rules.len()];
    let shares = |mix: &[f64]| -> Vec<f64> {
        let of = |i: usize| {
            let parts = rules.iter().zip(mix);
            parts.map(|(rule, q)| q * rule.get(i).copied().unwrap_or_default()).sum()
        };
        (0..counts.len()).map(of).collect()
    };
    let total: u64 = counts.iter().sum();
    for _ in 0..STEPS {
        if total == 0 {
            break;
        }
        let now = shares(&mix);
        for (q, rule) in mix.iter_mut().zip(rules) {
            let seen = counts.iter().zip(rule).zip(&now).filter(|((n, _), p)| **n > 0 && **p > 0.0);
            *q *= seen.map(|((n, r), p)| *n as f64 * r / p).sum::<f64>() / total as f64;
        }
        // Rounding must not let the mix drift from 1.
        let sum: f64 = mix.iter().sum();
        if sum > 0.0 {
            mix.iter_mut().for_each(|q| *q /= sum);
        }
    }
    let best = shares(&mix);
    (ln_evidence(counts, &best), best)
}

/// Wilson's interval for a share of `count` in `total`, at `z` standard deviations.
pub(super) fn wilson(count: u64, total: u64, z: f64) -> (f64, f64) {
    if total == 0 {
        return (0.0, 1.0);
    }
    let n = total as f64;
    let share = count as f64 / n;
    let scale = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / scale;
    let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0.5, 0.572_364_942_924_700_1)]
    #[case(1.0, 0.0)]
    #[case(10.0, 12.801_827_480_081_469)]
    #[case(1000.5, 5_908.674_175_848_678)]
    fn gamma_of_known_values(#[case] x: f64, #[case] expected: f64) {
        assert!((ln_gamma(x) - expected).abs() < 1e-9 * expected.abs().max(1.0), "{}", ln_gamma(x));
    }

    #[rstest]
    #[case(0.5, 0.0)]
    #[case(0.975, 1.959_963_985)]
    #[case(0.987_5, 2.241_402_728)]
    #[case(0.001, -3.090_232_306)]
    fn quantiles_of_known_values(#[case] p: f64, #[case] expected: f64) {
        assert!((normal_quantile(p) - expected).abs() < 1e-7, "{}", normal_quantile(p));
    }

    #[test]
    fn wilson_of_a_known_value() {
        let (low, high) = wilson(45, 50, 1.96);
        assert!((low - 0.7864).abs() < 1e-3 && (high - 0.9565).abs() < 1e-3, "{low} {high}");
        assert_eq!(wilson(0, 0, 1.96), (0.0, 1.0));
    }

    /// The expected e-value under the null is at most 1: summed over every sequence of length
    /// six, weighted by its probability.
    #[test]
    fn evidence_is_an_e_value() {
        let p = [0.8, 0.2];
        let mut expectation = 0.0;
        for bits in 0_u32..64 {
            let ones = u64::from(bits.count_ones());
            let counts = [6 - ones, ones];
            let probability = 0.8_f64.powi(6 - ones as i32) * 0.2_f64.powi(ones as i32);
            expectation += probability * ln_evidence(&counts, &p).exp();
        }
        assert!((expectation - 1.0).abs() < 1e-9, "{expectation}");
    }

    #[test]
    fn mix_reaches_the_hull_and_not_beyond() {
        let rules = [vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]];
        let (evidence, best) = ln_evidence_of_mix(&[30, 70, 0], &rules);
        assert!(evidence < 0.0 && (best[1] - 0.7).abs() < 1e-6);
        let (evidence, _) = ln_evidence_of_mix(&[30, 70, 1], &rules);
        assert!(evidence.is_infinite());
    }
}
