//! `histogram_quantile` over classic buckets.
//!
//! Rules: Prometheus 2.42, `promql/quantile.go`: buckets with equal bounds are added, counts are
//! made monotonic, and within a bucket the quantile is interpolated.

use std::collections::BTreeMap;

use super::super::labels::{BUCKET, Labels, NAME};
use super::Element;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    upper: f64,
    count: f64,
}

pub(super) fn quantiles(q: f64, elements: &[Element]) -> Vec<Element> {
    let mut histograms = BTreeMap::<Labels, Vec<Bucket>>::new();
    for element in elements {
        // A series without a bound that can be read is no bucket.
        let Some(upper) = bound(element.labels.get(BUCKET)) else { continue };
        let labels = element.labels.without(&[BUCKET, NAME]);
        histograms.entry(labels).or_default().push(Bucket { upper, count: element.value });
    }
    histograms
        .into_iter()
        .map(|(labels, buckets)| Element { labels, value: quantile(q, buckets) })
        .collect()
}

/// A bound as Go's `strconv.ParseFloat` reads it.
fn bound(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn quantile(q: f64, buckets: Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    let buckets = cumulative(buckets);
    let [finite @ .., last] = buckets.as_slice() else { return f64::NAN };
    let Some(highest) = finite.last() else { return f64::NAN };
    if last.upper != f64::INFINITY || last.count == 0.0 || last.count.is_nan() {
        return f64::NAN;
    }
    let rank = q * last.count;
    // The last bucket has no upper end: the highest bound that there is stands for it.
    let Some(at) = finite.iter().position(|bucket| bucket.count >= rank) else {
        return highest.upper;
    };
    let Some(bucket) = finite.get(at) else { return highest.upper };
    match at.checked_sub(1).and_then(|before| finite.get(before)) {
        None if bucket.upper <= 0.0 => bucket.upper,
        None => bucket.upper * (rank / bucket.count),
        Some(before) => {
            let share = (rank - before.count) / (bucket.count - before.count);
            before.upper + (bucket.upper - before.upper) * share
        }
    }
}

/// Sorted, equal bounds added up, and no count below the one before it: rates of buckets that
/// were not scraped at one instant may fall.
fn cumulative(mut buckets: Vec<Bucket>) -> Vec<Bucket> {
    buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
    let mut merged: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        match merged.last_mut() {
            Some(last) if last.upper.eq(&bucket.upper) => last.count += bucket.count,
            _ => merged.push(bucket),
        }
    }
    let mut highest = f64::NEG_INFINITY;
    for bucket in &mut merged {
        if bucket.count < highest {
            bucket.count = highest;
        } else if bucket.count > highest {
            highest = bucket.count;
        }
    }
    merged
}
