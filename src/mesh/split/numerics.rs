//! The few special functions that the verdicts need.

/// The logarithm of the gamma function for positive arguments (Lanczos, g = 7, nine terms;
/// relative error below 1e-13).
pub(super) fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const FIRST: f64 = 0.999_999_999_999_809_9;
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // Reflection keeps the series where it is accurate.
        let sine = (std::f64::consts::PI * x).sin();
        return (std::f64::consts::PI / sine).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let (sum, _) =
        TERMS.iter().fold((FIRST, x), |(sum, at), term| (sum + term / (at + 1.0), at + 1.0));
    let t = x + G + 0.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The quantile of the standard normal distribution, for 0 < p < 1 (Acklam's approximation;
/// relative error below 1.2e-9).
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
    const TAIL: f64 = 0.024_25;
    let poly = |terms: &[f64], x: f64| terms.iter().fold(0.0, |sum, term| sum * x + term);
    if p > 1.0 - TAIL {
        return -normal_quantile(1.0 - p);
    }
    if p < TAIL {
        let q = (-2.0 * p.ln()).sqrt();
        return poly(&C, q) / poly(&D, q);
    }
    let q = p - 0.5;
    q * poly(&A, q * q) / poly(&B, q * q)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0.5, 0.572_364_942_924_700_1)]
    #[case(1.0, 0.0)]
    #[case(5.0, 3.178_053_830_347_945_8)]
    #[case(100.5, 361.435_540_467_777_6)]
    fn gamma_agrees_with_tables(#[case] x: f64, #[case] value: f64) {
        assert!((ln_gamma(x) - value).abs() < 1e-9 * (1.0 + value.abs()), "{}", ln_gamma(x));
    }

    #[test]
    fn gamma_follows_its_recurrence() {
        for step in 1..2000 {
            let x = f64::from(step) * 0.37;
            let (left, right) = (ln_gamma(x + 1.0), ln_gamma(x) + x.ln());
            assert!((left - right).abs() < 1e-10 * (1.0 + right.abs()), "{x}");
        }
    }

    #[rstest]
    #[case(0.5, 0.0)]
    #[case(0.975, 1.959_963_984_540_054)]
    #[case(0.995, 2.575_829_303_548_901)]
    #[case(0.001, -3.090_232_306_167_813)]
    fn quantiles_agree_with_tables(#[case] p: f64, #[case] value: f64) {
        assert!((normal_quantile(p) - value).abs() < 1e-7, "{}", normal_quantile(p));
    }
}
