//! Integer request counts from raw samples.
//!
//! `rate()` and `increase()` extrapolate, and lose the first value of a series that is born inside
//! the window: after a switch of versions the new one would look too small. Counting the steps of
//! the raw samples does neither.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Called, CountRow, End, Flow, Reporter};

/// A series as Prometheus stored it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawSeries {
    /// Sorted by name.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
    /// Seconds since 1970 and value, in order of time.
    pub points: Vec<(f64, f64)>,
}

impl RawSeries {
    fn label(&self, name: &str) -> Option<&Arc<str>> {
        let at = self.labels.binary_search_by(|(label, _)| (**label).cmp(name)).ok()?;
        self.labels.get(at).map(|(_, value)| value)
    }

    fn known(&self, name: &str) -> Option<Arc<str>> {
        self.label(name).filter(|value| !matches!(&***value, "" | "unknown")).cloned()
    }

    fn text(&self, name: &str) -> Arc<str> {
        self.label(name).cloned().unwrap_or_else(|| Arc::from(""))
    }
}

/// Labels by which the replicas of one Prometheus differ where a store keeps what each of them
/// scraped: as Mimir and Cortex, the Prometheus operator, and the documentation of Thanos name
/// them.
pub const REPLICA: [&str; 3] = ["__replica__", "prometheus_replica", "replica"];

/// What identifies a scrape target: job, instance, and the replica of Prometheus that scraped it,
/// which knows only what it saw itself.
type Target = [Option<Arc<str>>; 5];

/// Counts the requests of each flow within the window `(end, length)`.
///
/// Per series the positive steps are added; a drop is a restart of the counter, whose new value
/// counts whole. The last sample before the window is the baseline. A series first seen inside
/// the window counts from zero if its target was scraped before that moment (`up`, or another
/// series of the target, has an earlier sample), else from its first sample.
pub fn count(
    samples: &[RawSeries],
    up: &[RawSeries],
    window: (Timestamp, Duration),
) -> Vec<CountRow> {
    let end = window.0.as_millisecond() as f64 / 1000.0;
    let start = end - window.1.as_secs_f64();
    let seen = first_scrapes(samples, up);
    let mut rows = BTreeMap::<(Flow, Arc<str>, Arc<str>), (u64, u32)>::new();
    for series in once(samples) {
        let scraped = seen.get(&target(series)).copied().unwrap_or(f64::INFINITY);
        let (requests, scrapes) = steps(&series.points, start, end, scraped);
        let key = (flow(series), series.text("response_code"), series.text("response_flags"));
        let row = rows.entry(key).or_default();
        row.0 += requests;
        row.1 = row.1.max(scrapes);
    }
    rows.into_iter()
        .map(|((flow, code, flags), (requests, scrapes))| CountRow {
            flow,
            code,
            flags,
            requests,
            scrapes,
        })
        .collect()
}

/// Requests between `start` (exclusive) and `end`, and the number of scrapes there. `scraped` is
/// when the target was first scraped.
fn steps(points: &[(f64, f64)], start: f64, end: f64, scraped: f64) -> (u64, u32) {
    let (mut total, mut scrapes) = (0.0, 0);
    let mut last: Option<f64> = None;
    for &(time, value) in points {
        // Stale markers and broken values are no samples.
        if !value.is_finite() || value < 0.0 || time > end {
            continue;
        }
        if time > start {
            scrapes += 1;
            total += match last {
                Some(last) if value >= last => value - last,
                Some(_) => value,
                None if scraped < time => value,
                None => 0.0,
            };
        }
        last = Some(value);
    }
    (total.round() as u64, scrapes)
}

/// When each target was first scraped, as far as the samples reach back.
fn first_scrapes(samples: &[RawSeries], up: &[RawSeries]) -> HashMap<Target, f64> {
    let mut first = HashMap::new();
    for series in samples.iter().chain(up) {
        if let Some(&(time, _)) = series.points.first() {
            let known = first.entry(target(series)).or_insert(f64::INFINITY);
            *known = time.min(*known);
        }
    }
    first
}

fn target(series: &RawSeries) -> Target {
    let [mimir, operator, thanos] = REPLICA;
    ["job", "instance", mimir, operator, thanos].map(|name| series.label(name).cloned())
}

/// Each series once: of those that differ only in the replica that stored them, the one with the
/// most samples; of equals the one that reaches furthest.
fn once(samples: &[RawSeries]) -> impl Iterator<Item = &RawSeries> {
    let fullness = |series: &RawSeries| {
        let last = series.points.last().map_or(f64::NEG_INFINITY, |(time, _)| *time);
        (series.points.len(), last)
    };
    let mut best = BTreeMap::<Vec<&(Arc<str>, Arc<str>)>, &RawSeries>::new();
    for series in samples {
        let identity =
            series.labels.iter().filter(|(name, _)| !REPLICA.contains(&&**name)).collect();
        let kept = best.entry(identity).or_insert(series);
        if fullness(series) > fullness(kept) {
            *kept = series;
        }
    }
    best.into_values()
}

fn flow(series: &RawSeries) -> Flow {
    let end = |side: &str| End {
        cluster: series.label(&format!("{side}_cluster")).cloned(),
        namespace: series.known(&format!("{side}_workload_namespace")),
        workload: series.known(&format!("{side}_workload")),
        app: series.known(&format!("{side}_canonical_service")),
        version: series.known(&format!("{side}_canonical_revision")),
    };
    Flow {
        reporter: match series.label("reporter").map(|reporter| &**reporter) {
            Some("destination") => Reporter::Destination,
            Some("waypoint") => Reporter::Waypoint,
            _ => Reporter::Source,
        },
        source: end("source"),
        destination: end("destination"),
        service: Called {
            host: series.known("destination_service"),
            name: series.known("destination_service_name"),
            namespace: series.known("destination_service_namespace"),
        },
        protocol: series.text("request_protocol"),
    }
}

#[cfg(test)]
mod tests;
