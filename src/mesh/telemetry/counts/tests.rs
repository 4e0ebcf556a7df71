//! Counts from samples that begin, end, restart and go missing.

use std::slice::from_ref;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn series(labels: &[(&str, &str)], points: &[(f64, f64)]) -> RawSeries {
    let mut labels: Vec<(Arc<str>, Arc<str>)> =
        labels.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))).collect();
    labels.sort();
    RawSeries { labels, points: points.to_vec() }
}

const TARGET: [(&str, &str); 2] = [("instance", "10.0.0.1:15020"), ("job", "pods")];

/// The window of these tests: 100 (exclusive) to 160 seconds.
fn window() -> (Timestamp, Duration) {
    (Timestamp::from_second(160).unwrap(), Duration::from_secs(60))
}

fn total(samples: &[RawSeries], up: &[RawSeries]) -> (u64, u32) {
    let rows = count(samples, up, window());
    (
        rows.iter().map(|row| row.requests).sum(),
        rows.iter().map(|row| row.scrapes).max().unwrap_or(0),
    )
}

#[rstest]
#[case::steady(&[(95.0, 10.0), (110.0, 20.0), (125.0, 30.0), (140.0, 40.0), (155.0, 50.0)], 40, 4)]
#[case::on_the_edge_is_the_baseline(&[(100.0, 10.0), (160.0, 50.0)], 40, 1)]
#[case::after_the_end_is_not_counted(&[(95.0, 10.0), (110.0, 20.0), (170.0, 99.0)], 10, 1)]
#[case::restart(&[(95.0, 100.0), (110.0, 104.0), (125.0, 3.0), (140.0, 5.0)], 4 + 3 + 2, 3)]
#[case::missed_scrapes(&[(80.0, 10.0), (150.0, 45.0)], 35, 1)]
#[case::stale_marker(&[(95.0, 10.0), (110.0, 12.0), (125.0, f64::NAN), (140.0, 15.0)], 5, 2)]
#[case::nonsense(&[(95.0, 10.0), (110.0, f64::INFINITY), (125.0, -4.0), (140.0, 15.0)], 5, 1)]
#[case::silent(&[(95.0, 10.0), (155.0, 10.0)], 0, 1)]
#[case::gone_before(&[(50.0, 1.0), (95.0, 10.0)], 0, 0)]
fn one_series(#[case] points: &[(f64, f64)], #[case] requests: u64, #[case] scrapes: u32) {
    assert_eq!(total(&[series(&TARGET, points)], &[]), (requests, scrapes));
}

const BORN: [(f64, f64); 3] = [(125.0, 7.0), (140.0, 9.0), (155.0, 12.0)];

#[test]
fn a_series_born_in_the_window_counts_from_zero_if_its_target_was_known() {
    let born = series(&[TARGET[0], TARGET[1], ("response_code", "503")], &BORN);
    // Nobody knows the target: it may have counted for hours before it was found.
    assert_eq!(total(from_ref(&born), &[]), (5, 3));
    let sibling =
        series(&[TARGET[0], TARGET[1], ("response_code", "200")], &[(95.0, 1.0), (155.0, 1.0)]);
    assert_eq!(total(&[born.clone(), sibling], &[]), (12, 3));
    let up = series(&TARGET, &[(110.0, 1.0), (125.0, 1.0)]);
    assert_eq!(total(from_ref(&born), &[up]), (12, 3));
    let other = series(&[("instance", "10.0.0.2:15020"), TARGET[1]], &[(80.0, 1.0)]);
    assert_eq!(total(from_ref(&born), &[other]), (5, 3));
    let just_then = series(&TARGET, &[(125.0, 1.0)]);
    assert_eq!(total(&[born], &[just_then]), (5, 3));
}

#[test]
fn replicas_of_one_prometheus_count_once_and_the_fuller_one_is_taken() {
    let replica = |name: &'static str| [TARGET[0], TARGET[1], ("prometheus_replica", name)];
    let full = series(&replica("a"), &[(95.0, 0.0), (110.0, 5.0), (125.0, 9.0)]);
    let gappy = series(&replica("b"), &[(96.0, 0.0), (126.0, 9.0)]);
    assert_eq!(total(&[gappy.clone(), full.clone()], &[]), (9, 2));
    assert_eq!(total(&[full, gappy], &[]), (9, 2));
    // One of them lags behind: as many samples, but older ones.
    let late = series(&replica("a"), &[(80.0, 0.0), (95.0, 1.0), (110.0, 5.0)]);
    let fresh = series(&replica("b"), &[(96.0, 1.0), (111.0, 5.0), (126.0, 9.0)]);
    assert_eq!(total(&[late, fresh], &[]), (8, 2));
}

#[test]
fn a_replica_that_just_started_does_not_count_what_came_before() {
    let replica = |name: &'static str| [TARGET[0], TARGET[1], ("prometheus_replica", name)];
    let gone = series(&replica("a"), &[(80.0, 900.0), (95.0, 910.0)]);
    let started = series(&replica("b"), &[(125.0, 930.0), (140.0, 940.0), (155.0, 950.0)]);
    let up = [
        series(&replica("a"), &[(50.0, 1.0), (95.0, 1.0)]),
        series(&replica("b"), &[(125.0, 1.0), (155.0, 1.0)]),
    ];
    assert_eq!(total(&[gone, started], &up), (20, 3));
}

#[test]
fn pods_of_a_flow_add_up_and_flows_stay_apart() {
    let row = |instance: &'static str, workload: &'static str, to: f64| {
        series(
            &[
                ("instance", instance),
                ("job", "pods"),
                ("reporter", "source"),
                ("source_workload", "productpage-v1"),
                ("destination_workload", workload),
                ("destination_service_name", "reviews"),
                ("response_code", "200"),
            ],
            &[(95.0, 0.0), (155.0, to)],
        )
    };
    let samples = [
        row("a", "reviews-v1", 3.0),
        row("b", "reviews-v1", 4.0),
        row("a", "reviews-v3", 9.0),
        row("a", "unknown", 1.0),
    ];
    let rows = count(&samples, &[], window());
    let counted: Vec<_> =
        rows.iter().map(|row| (row.flow.destination.workload.as_deref(), row.requests)).collect();
    assert_eq!(counted, [(None, 1), (Some("reviews-v1"), 7), (Some("reviews-v3"), 9)]);
}

proptest! {
    /// Whatever a counter did, restarts included, every request between two scrapes is counted
    /// once; windows side by side add up to the whole.
    #[test]
    fn windows_side_by_side_add_up(
        steps in prop::collection::vec((0..50_u32, prop::bool::weighted(0.1)), 4..80),
        cut in 0.1..0.9_f64,
    ) {
        let (mut value, mut points, mut sum) = (0.0, Vec::new(), 0.0);
        for (at, (step, restart)) in steps.iter().enumerate() {
            let step = f64::from(*step);
            // A counter that restarts and passes its old value in one step looks like a step.
            let restarted = *restart && step < value;
            if at > 0 {
                sum += step;
            }
            value = if restarted { step } else { value + step };
            points.push((at as f64 * 15.0, value));
        }
        let end = (steps.len() - 1) as f64 * 15.0;
        let middle = (end * cut).floor();
        let of = |from: f64, to: f64| {
            let window = (
                Timestamp::from_millisecond((to * 1000.0) as i64).unwrap(),
                Duration::from_secs_f64(to - from),
            );
            count(&[series(&TARGET, &points)], &[], window).iter().map(|row| row.requests).sum::<u64>()
        };
        prop_assert_eq!(of(0.0, end), sum as u64);
        prop_assert_eq!(of(0.0, middle) + of(middle, end), sum as u64);
    }
}
