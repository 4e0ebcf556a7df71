use rstest::rstest;

use super::*;

fn question(counts: &[u64], rules: &[Vec<f64>]) -> Question {
    Question {
        counts: counts.to_vec(),
        rules: rules.to_vec(),
        tolerance: 0.05,
        seconds: 60.0,
        scrapes: 12,
        ..Question::default()
    }
}

#[rstest]
#[case::agrees(&[900, 100], vec![vec![0.9, 0.1]], Verdict::Agrees)]
#[case::differs(&[500, 500], vec![vec![0.9, 0.1]], Verdict::Differs)]
#[case::drift(&[885_000, 115_000], vec![vec![0.9, 0.1]], Verdict::AgreesSmallDrift)]
#[case::few(&[9, 1], vec![vec![0.9, 0.1]], Verdict::NotEnoughTraffic)]
#[case::none(&[0, 0], vec![vec![0.9, 0.1]], Verdict::NotEnoughTraffic)]
#[case::unexpected(&[900, 100, 1], vec![vec![0.9, 0.1, 0.0]], Verdict::UnexpectedVersion)]
#[case::no_weights(&[10, 10], vec![], Verdict::NoWeights)]
#[case::mix(&[30, 70, 0], vec![vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]], Verdict::ConsistentMix)]
#[case::outside_the_hull(&[30, 70, 9], vec![vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0]], Verdict::UnexpectedVersion)]
#[case::ratio_in_the_hull(&[450, 450, 100], vec![vec![0.9, 0.1, 0.0], vec![0.0, 0.0, 1.0]], Verdict::Differs)]
#[case::same_rules(&[900, 100], vec![vec![0.9, 0.1], vec![0.9, 0.1]], Verdict::Agrees)]
fn verdicts(#[case] counts: &[u64], #[case] rules: Vec<Vec<f64>>, #[case] expected: Verdict) {
    assert_eq!(judge(&question(counts, &rules)).verdict, expected);
}

#[test]
fn gates_come_first() {
    let mut settling = question(&[500, 500], &[vec![0.9, 0.1]]);
    settling.settling = true;
    assert_eq!(judge(&settling).verdict, Verdict::Settling);
    let mut sparse = question(&[500, 500], &[vec![0.9, 0.1]]);
    sparse.scrapes = 2;
    assert_eq!(judge(&sparse).verdict, Verdict::NotEnoughTraffic);
}

#[test]
fn failing_part_gives_bounds() {
    let mut failing = question(&[50, 0], &[vec![0.5, 0.5]]);
    failing.unrouted = 50;
    let judgement = judge(&failing);
    assert_eq!(judgement.verdict, Verdict::PartFailing);
    assert_eq!(judgement.bounds, [(0.5, 1.0), (0.0, 0.5)]);
}

/// Requests needed until agreement can be said, for known weights and tolerances.
#[rstest]
#[case(0.9, 0.05, 190..300)]
#[case(0.8, 0.05, 220..400)]
#[case(0.5, 0.05, 360..560)]
fn needed_requests(#[case] p: f64, #[case] tolerance: f64, #[case] range: std::ops::Range<u64>) {
    let mut few = question(&[9, 1], &[vec![p, 1.0 - p]]);
    few.tolerance = tolerance;
    let needed = judge(&few).evidence.needed_requests.unwrap();
    assert!(range.contains(&needed), "{needed}");
}

/// A small generator, so that the simulations are the same everywhere.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn draw(&mut self, counts: &mut [u64; 2], share: f64, requests: u32) {
        for _ in 0..requests {
            counts[usize::from(self.uniform() >= share)] += 1;
        }
    }
}

/// Over 40 refreshes of 30 requests with correct weights, a false DIFFERS in under 1 % of runs.
#[rstest]
#[case(0.9)]
#[case(0.5)]
fn correct_weights_are_rarely_called_wrong(#[case] p: f64) {
    let mut random = Random(7);
    let false_alarms = (0..2_000).filter(|_| {
        let mut counts = [0; 2];
        (0..40).any(|_| {
            random.draw(&mut counts, p, 30);
            judge(&question(&counts, &[vec![p, 1.0 - p]])).verdict == Verdict::Differs
        })
    });
    let alarms = false_alarms.count();
    println!("false alarms at {p}: {alarms} of 2000");
    assert!(alarms < 20, "{alarms}");
}

/// A true 80/20 against a configured 90/10 is called DIFFERS within 300 requests in at least
/// 90 % of runs.
#[test]
fn wrong_weights_are_found() {
    let mut random = Random(11);
    let found = (0..2_000).filter(|_| {
        let mut counts = [0; 2];
        (0..60).any(|_| {
            random.draw(&mut counts, 0.8, 5);
            judge(&question(&counts, &[vec![0.9, 0.1]])).verdict == Verdict::Differs
        })
    });
    let found = found.count();
    println!("found: {found} of 2000");
    assert!(found >= 1_800, "{found}");
}

/// Strict agreement holds however often one looks: with the truth on the edge it is rarely said.
#[test]
fn strict_agreement_is_safe_under_peeking() {
    let mut random = Random(13);
    let wrong = (0..500).filter(|_| {
        let mut counts = [0; 2];
        (0..40).any(|_| {
            random.draw(&mut counts, 0.85, 30);
            let strict = Question { strict: true, ..question(&counts, &[vec![0.9, 0.1]]) };
            judge(&strict).verdict == Verdict::Agrees
        })
    });
    assert!(wrong.count() < 25);
    let agrees = Question { strict: true, ..question(&[1_800, 200], &[vec![0.9, 0.1]]) };
    assert_eq!(judge(&agrees).verdict, Verdict::Agrees);
}
