//! The verdicts against known figures, and their error rates in simulated sessions.

use rstest::rstest;

use super::*;

/// A seeded generator (SplitMix64), so that every run draws the same.
struct Draws(u64);

impl Draws {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn version(&mut self, shares: &[f64]) -> usize {
        let mut left = self.unit();
        for (at, share) in shares.iter().enumerate() {
            left -= share;
            if left < 0.0 {
                return at;
            }
        }
        shares.len() - 1
    }

    fn add(&mut self, counts: &mut [u64], shares: &[f64], requests: usize) {
        for _ in 0..requests {
            counts[self.version(shares)] += 1;
        }
    }
}

fn ask(counts: &[u64], rules: &[Vec<f64>], unrouted: u64, limits: Limits) -> Judgement {
    let names = ["v1", "v2", "v3"];
    let versions: Vec<Observed<'_>> = counts
        .iter()
        .zip(names)
        .map(|(requests, name)| Observed { name, requests: *requests })
        .collect();
    judge(&Question { versions: &versions, rules, unrouted, rate: Some(2.0), gate: None, limits })
}

fn verdict(counts: &[u64], shares: &[f64]) -> Verdict {
    ask(counts, &[shares.to_vec()], 0, Limits::default()).verdict
}

#[rstest]
#[case(&[902, 98], &[0.9, 0.1], Verdict::Agrees)]
#[case(&[9, 1], &[0.9, 0.1], Verdict::NotEnoughTraffic)]
#[case(&[0, 0], &[0.9, 0.1], Verdict::NotEnoughTraffic)]
#[case(&[700, 300], &[0.9, 0.1], Verdict::Differs)]
#[case(&[91_500, 8_500], &[0.9, 0.1], Verdict::AgreesSmallDrift)]
#[case(&[1000, 3], &[1.0, 0.0], Verdict::UnexpectedVersion)]
#[case(&[500, 0], &[1.0, 0.0], Verdict::Agrees)]
fn one_rule(#[case] counts: &[u64], #[case] shares: &[f64], #[case] expected: Verdict) {
    assert_eq!(verdict(counts, shares), expected);
}

#[test]
fn gates_and_missing_weights_come_first() {
    let versions = [Observed { name: "v1", requests: 900 }, Observed { name: "v2", requests: 0 }];
    let shares = [vec![0.5, 0.5]];
    let mut question = Question {
        versions: &versions,
        rules: &shares,
        unrouted: 0,
        rate: None,
        gate: Some("the rule changed 3 s ago"),
        limits: Limits::default(),
    };
    assert_eq!(judge(&question).verdict, Verdict::Settling);
    question.gate = None;
    assert_eq!(judge(&question).verdict, Verdict::Differs);
    question.rules = &[];
    assert_eq!(judge(&question).verdict, Verdict::NoWeights);
}

#[test]
fn failures_leave_bounds_only() {
    let half = [vec![0.5, 0.5]];
    let failing = ask(&[300, 0], &half, 290, Limits::default());
    assert_eq!(failing.verdict, Verdict::PartFailing);
    assert!(failing.explanation.contains("v1 50.8 % to 100 %"), "{}", failing.explanation);
    // A few failures cannot explain a share this far off.
    assert_eq!(ask(&[600, 0], &half, 3, Limits::default()).verdict, Verdict::Differs);
}

#[rstest]
#[case(&[300, 100, 0], Verdict::ConsistentMix)]
#[case(&[0, 400, 0], Verdict::ConsistentMix)]
#[case(&[300, 99, 1], Verdict::UnexpectedVersion)]
fn header_rules_mix(#[case] counts: &[u64], #[case] expected: Verdict) {
    let rules = [vec![0.0, 1.0, 0.0], vec![1.0, 0.0, 0.0]];
    assert_eq!(ask(counts, &rules, 0, Limits::default()).verdict, expected);
}

#[test]
fn ratio_inside_a_mix_is_still_tested() {
    let rules = [vec![0.9, 0.1, 0.0], vec![0.0, 0.0, 1.0]];
    assert_eq!(ask(&[450, 50, 500], &rules, 0, Limits::default()).verdict, Verdict::ConsistentMix);
    let off = ask(&[250, 250, 500], &rules, 0, Limits::default());
    assert_eq!(off.verdict, Verdict::Differs, "{}", off.explanation);
}

#[rstest]
#[case(0.5, 0.05, 381)]
#[case(0.8, 0.05, 289)]
#[case(0.9, 0.03, 483)]
#[case(0.5, 0.02, 2398)]
fn needed_requests_for_one_interval(
    #[case] share: f64,
    #[case] tolerance: f64,
    #[case] about: u64,
) {
    // One interval at 95 %: the figures for z = 1.96.
    let limits = Limits { tolerance, agree_alpha: 0.1, ..Limits::default() };
    let test = Test { counts: &[0, 0], shares: &[share, 1.0 - share], limits };
    let needed = needed_requests(&test);
    assert!(needed.abs_diff(about) <= about / 20, "{needed} instead of about {about}");
}

#[test]
fn strict_agreement_costs_more() {
    let strict = Limits { strict: true, ..Limits::default() };
    for (share, about) in [(0.9, 575_u64), (0.8, 950), (0.5, 1360)] {
        let test = Test { counts: &[0, 0], shares: &[share, 1.0 - share], limits: strict };
        let needed = needed_requests(&test);
        let plain = needed_requests(&Test { limits: Limits::default(), ..test });
        assert!(plain < needed, "{share}: {needed}, and {plain} for a single look");
        // What the open prior alone would ask for is the most.
        assert!(needed <= about + about / 8, "{share}: {needed} instead of at most {about}");
    }
    assert_eq!(ask(&[360, 40], &[vec![0.9, 0.1]], 0, strict).verdict, Verdict::NotEnoughTraffic);
    assert_eq!(ask(&[360, 40], &[vec![0.9, 0.1]], 0, Limits::default()).verdict, Verdict::Agrees);
}

#[rstest]
#[case(&[0.9, 0.1])]
#[case(&[0.5, 0.5])]
#[case(&[0.8, 0.15, 0.05])]
fn false_alarms_are_rare_however_often_one_looks(#[case] shares: &[f64]) {
    let mut draws = Draws(7);
    let mut alarms = 0;
    for _ in 0..2000 {
        let mut counts = vec![0; shares.len()];
        let mut alarm = false;
        for _ in 0..40 {
            draws.add(&mut counts, shares, 30);
            alarm |= verdict(&counts, shares) == Verdict::Differs;
        }
        alarms += u32::from(alarm);
    }
    println!("false alarms in {alarms} of 2000 sessions");
    assert!(alarms < 20, "{alarms} of 2000");
}

#[test]
fn a_real_difference_is_told_within_300_requests() {
    let mut draws = Draws(11);
    let mut told = 0;
    for _ in 0..2000 {
        let mut counts = vec![0; 2];
        let mut differs = false;
        for _ in 0..60 {
            draws.add(&mut counts, &[0.8, 0.2], 5);
            differs |= verdict(&counts, &[0.9, 0.1]) == Verdict::Differs;
        }
        told += u32::from(differs);
    }
    println!("told in {told} of 2000 sessions");
    assert!(told >= 1800, "{told} of 2000");
}
