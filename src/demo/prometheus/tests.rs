use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rstest::rstest;

use super::chunk::stale_marker;
use super::*;

const MINUTE: i64 = 60_000;

/// A counter `c` that grows by 2 a second, scraped every 15 s for ten minutes.
fn counter() -> Prometheus {
    let mut store = Store::new(2 * 60 * MINUTE);
    let id = store.series(&Labels::of(&[(NAME, "c"), ("job", "j")]));
    for n in 0..=40_i32 {
        store.append(id, i64::from(n) * 15_000, f64::from(n) * 30.0);
    }
    over(store)
}

fn over(store: Store) -> Prometheus {
    Prometheus::new(store, Arc::new(|| 10 * MINUTE), Duration::from_secs(15))
}

fn ask(prometheus: &Prometheus, query: &str, at: i64) -> Result<Value, Refusal> {
    prometheus.instant(&parse(query).map_err(Refusal::BadData)?, at)
}

fn number(prometheus: &Prometheus, query: &str, at: i64) -> Option<f64> {
    match ask(prometheus, query, at).unwrap() {
        Value::Vector(elements) => elements.first().map(|element| element.value),
        Value::Scalar(number) => Some(number),
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[case("rate(c[1m])", 2.0)]
#[case("increase(c[5m])", 600.0)]
#[case("c offset 1m", 1080.0)]
#[case("c @ 300", 600.0)]
#[case("c @ end()", 1200.0)]
#[case("count_over_time(c[1m])", 5.0)]
#[case("max_over_time(rate(c[1m])[5m:1m])", 2.0)]
#[case("sum(c) / 2 ^ 2", 300.0)]
#[case("timestamp(c)", 600.0)]
#[case("scalar(c) + time()", 1800.0)]
#[case("absent(nothing)", 1.0)]
#[case("c > bool 5", 1.0)]
fn expressions_have_their_value(#[case] query: &str, #[case] want: f64) {
    let got = number(&counter(), query, 10 * MINUTE).unwrap();
    assert!((got - want).abs() < 1e-9, "{query}: {got}");
}

#[test]
fn a_series_is_gone_five_minutes_after_its_last_sample() {
    let prometheus = counter();
    assert_eq!(number(&prometheus, "c", 15 * MINUTE), Some(1200.0));
    assert_eq!(number(&prometheus, "c", 15 * MINUTE + 1), None);
}

#[test]
fn a_stale_marker_ends_a_series_at_once() {
    let mut store = Store::new(60 * MINUTE);
    let id = store.series(&Labels::of(&[(NAME, "up")]));
    store.append(id, 1000, 1.0);
    assert!(store.end(id, 2000));
    let prometheus = over(store);
    assert_eq!(number(&prometheus, "up", 1999), Some(1.0));
    assert_eq!(number(&prometheus, "up", 2000), None);
    assert_eq!(number(&prometheus, "count_over_time(up[1m])", 2000), Some(1.0));
}

#[test]
fn the_past_is_bounded() {
    let mut store = Store::new(10 * MINUTE);
    let (short, long) =
        (store.series(&Labels::of(&[(NAME, "a")])), store.series(&Labels::of(&[(NAME, "b")])));
    store.append(short, 0, 1.0);
    for n in 1..=2000_i64 {
        assert!(store.append(long, n * 5000, 1.0));
    }
    store.forget_before(2000 * 5000);
    assert_eq!(store.len(), 1);
    assert!(!store.append(short, 2000 * 5000, 1.0), "a series that left is not written to");
    let prometheus = over(store);
    let kept = number(&prometheus, "count_over_time(b[1h])", 2000 * 5000).unwrap();
    assert!((120.0..=360.0).contains(&kept), "{kept} samples");
}

#[test]
fn samples_out_of_order_are_refused() {
    let mut store = Store::new(MINUTE);
    let id = store.series(&Labels::of(&[(NAME, "a")]));
    assert!(store.append(id, 5, 1.0));
    assert!(!store.append(id, 5, 2.0) && !store.append(id, 4, 2.0));
}

#[rstest]
#[case("integral(c[1m])", "integral")]
#[case("limitk(1, c)", "limitk")]
#[case("nosuch(c)", "nosuch")]
#[case("sum(", "parse error")]
#[case("", "no expression found")]
#[case("rate(c)", "expected type")]
#[case("{job=\"a\" or job=\"b\"}", "or")]
#[case("ln(0)", "expected type instant vector")]
fn what_is_not_known_is_refused_with_a_reason(#[case] query: &str, #[case] reason: &str) {
    let refusal = ask(&counter(), query, 0).unwrap_err();
    assert_eq!(refusal.status(), 400, "{refusal}");
    assert!(refusal.to_string().contains(reason), "{refusal}");
}

#[rstest]
#[case("c[1e30]")]
#[case("c[-5]")]
#[case("c[NaN]")]
#[case("c offset 1e300")]
#[case("c[99999999999999999999y]")]
#[case("c @ 1e308")]
#[case("c{job=~\"(((((((((a{1000}){1000}){1000}){1000})\"}")]
#[case("count_over_time(c[100y:1ms])")]
fn hostile_queries_are_answered_or_refused(#[case] query: &str) {
    let _ = ask(&counter(), query, 10 * MINUTE);
}

#[rstest]
#[case("(", "1", ")")]
#[case("-", "c", "")]
#[case("1+", "1", "")]
#[case("sum(", "c", ")")]
fn deep_nesting_is_refused(#[case] open: &str, #[case] inner: &str, #[case] close: &str) {
    let depth = 1400 / open.len();
    let query = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
    assert!(ask(&counter(), &query, 0).is_err());
}

#[test]
fn many_to_many_is_refused_as_execution() {
    let mut store = Store::new(MINUTE);
    for side in ["a", "b"] {
        let id = store.series(&Labels::of(&[(NAME, "m"), ("side", side)]));
        store.append(id, 1, 1.0);
    }
    let refusal = ask(&over(store), "m + on() m", 1).unwrap_err();
    assert_eq!(refusal.class(), "execution");
    assert!(refusal.to_string().contains("many-to-many matching not allowed"));
}

/// Selectors, and functions over their ranges.
fn leaf() -> impl Strategy<Value = String> {
    let selector = prop_oneof![
        Just("c".to_owned()),
        Just("{__name__=~\".+\"}".to_owned()),
        Just("nothing{a!=\"b\"}".to_owned()),
    ];
    let range = prop_oneof![Just("1m"), Just("7s"), Just("1h"), Just("2m:11s")];
    let shift = prop_oneof![Just(""), Just("offset -1m"), Just("@ 100"), Just("offset 3m")];
    let function = prop_oneof![
        Just("rate"),
        Just("irate"),
        Just("deriv"),
        Just("stddev_over_time"),
        Just("absent_over_time"),
        Just("changes"),
    ];
    prop_oneof![
        (selector.clone(), shift.clone())
            .prop_map(|(selector, shift)| format!("{selector} {shift}")),
        any::<i16>().prop_map(|n| format!("vector({n})")),
        (function, selector, range, shift).prop_map(|(function, selector, range, shift)| {
            format!("{function}({selector}[{range}] {shift})")
        }),
    ]
}

/// Expressions built from the grammar, over metrics that are there and that are not.
fn expression() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 2, |inner| {
        let around = prop_oneof![
            Just("abs(@)"),
            Just("sort_desc(@)"),
            Just("sum by (job) (@)"),
            Just("count without (job) (@)"),
            Just("-(@)"),
            Just("timestamp(@)"),
            Just("hour(@)"),
            Just("topk(2, @)"),
            Just("histogram_quantile(0.9, @)"),
            Just("label_replace(@, \"a\", \"$1\", \"job\", \"(.*)\")"),
            Just("quantile(2, @)"),
            Just("clamp(@, 1, 2)"),
            Just("max_over_time((@)[2m:40s])"),
        ];
        let operator = prop_oneof![
            Just("+"),
            Just("/"),
            Just("%"),
            Just("> bool"),
            Just("or"),
            Just("unless on (job)"),
            Just("* on (job) group_left"),
            Just("== ignoring (job)"),
        ];
        prop_oneof![
            (around, inner.clone()).prop_map(|(around, x)| around.replacen('@', &x, 1)),
            (inner.clone(), operator, inner).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
        ]
    })
}

proptest! {
    #[test]
    fn any_expression_is_answered_or_refused(query in expression(), at in -MINUTE..20 * MINUTE) {
        let prometheus = counter();
        if let Ok(expr) = parse(&query) {
            let _ = prometheus.instant(&expr, at);
            let _ = prometheus.range(&expr, (at, at + 5 * MINUTE), 17_000);
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(query in "[a-z0-9_{}()\\[\\]\"=~!,:+*/^@ .-]{0,60}") {
        let _ = parse(&query);
    }

    /// A rate is never negative; it is the increase over the seconds of the range; and it does
    /// not see where a counter was reset to zero.
    #[test]
    fn rates_of_counters_obey_their_laws(
        steps in proptest::collection::vec((1_i64..20_000, 0_u32..500, prop::bool::weighted(0.1)), 3..60),
        range in 10_i64..300,
    ) {
        let mut store = Store::new(60 * MINUTE);
        let id = store.series(&Labels::of(&[(NAME, "c")]));
        let (mut at, mut value) = (0, 0.0);
        for (gap, step, reset) in steps {
            at += gap;
            value = if reset { 0.0 } else { value } + f64::from(step);
            store.append(id, at, value);
        }
        let prometheus = over(store);
        let rate = number(&prometheus, &format!("rate(c[{range}s])"), at);
        let increase = number(&prometheus, &format!("increase(c[{range}s])"), at);
        prop_assert_eq!(rate.is_some(), increase.is_some());
        if let (Some(rate), Some(increase)) = (rate, increase) {
            prop_assert!(rate >= 0.0);
            prop_assert!((rate * range as f64 - increase).abs() <= 1e-9 * increase.abs());
        }
    }
}

#[test]
fn markers_are_told_from_other_nans() {
    assert!(chunk::is_stale(stale_marker()) && !chunk::is_stale(f64::NAN));
}
