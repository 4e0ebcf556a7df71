//! Quantiles from histograms that were summed first: never the average of quantiles, never one
//! arbitrary source's.

use std::collections::BTreeMap;

use super::Latency;
use crate::mesh::telemetry::Bucket;

/// Cumulative buckets, summed over flows; and the sum of all latencies.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::mesh) struct Histogram {
    /// By the bits of the bound, which order as the bounds do: they are never negative.
    buckets: BTreeMap<u64, f64>,
    /// Milliseconds per second; `None` where nobody told.
    sum: Option<f64>,
}

impl Histogram {
    pub(in crate::mesh) fn add(&mut self, buckets: &[Bucket]) {
        for bucket in buckets.iter().filter(|bucket| bucket.le >= 0.0 && bucket.rate >= 0.0) {
            *self.buckets.entry(bucket.le.abs().to_bits()).or_default() += bucket.rate;
        }
    }

    pub(in crate::mesh) fn add_sum(&mut self, milliseconds: f64) {
        *self.sum.get_or_insert_default() += milliseconds;
    }

    /// Average and quantiles; `None` where nothing was counted.
    pub(in crate::mesh) fn latency(&self) -> Option<Latency> {
        let mut highest = 0.0_f64;
        let buckets = self
            .buckets
            .iter()
            .map(|(&le, &rate)| {
                // Scrapes are not atomic, so a bucket may lag behind a lower one.
                highest = highest.max(rate);
                Bucket { le: f64::from_bits(le), rate: highest }
            })
            .collect::<Vec<_>>();
        let count = buckets.last().filter(|last| last.le.is_infinite())?.rate;
        if count <= 0.0 {
            return None;
        }
        Some(Latency {
            avg: self.sum.map(|sum| sum / count),
            p50: quantile(0.50, &buckets),
            p95: quantile(0.95, &buckets),
            p99: quantile(0.99, &buckets),
        })
    }
}

/// As `histogram_quantile` of Prometheus computes it: linear within a bucket, the lowest from
/// zero; above the last finite bound that bound is all that is known.
pub(super) fn quantile(q: f64, buckets: &[Bucket]) -> Option<f64> {
    let rank = q * buckets.last()?.rate;
    let at = buckets.iter().position(|bucket| bucket.rate >= rank)?;
    let bucket = buckets.get(at)?;
    let below = at.checked_sub(1).and_then(|below| buckets.get(below));
    if bucket.le.is_infinite() {
        return below.map(|below| below.le);
    }
    let (start, before) = below.map_or((0.0, 0.0), |below| (below.le, below.rate));
    let within = bucket.rate - before;
    if within <= 0.0 {
        return Some(bucket.le);
    }
    Some(start + (bucket.le - start) * ((rank - before) / within))
}
