//! The meters of the proxies: Istio's standard metrics, counted, and scraped into the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decision::Called;
use super::latency::{BOUNDS, Histogram, Latency};
use super::peer::{Label, Peer, unknown_end};
use super::random::Random;
use crate::demo::prometheus::{BUCKET, Family, Labels, NAME, SeriesId, Store};
use crate::mesh::Key;

/// Who reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reporter {
    Source,
    Destination,
}

/// How a request ended, as one proxy saw it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Ending {
    /// 0: no answer.
    pub status: u16,
    /// Response flags as Envoy joins them, `-` for none.
    pub flags: &'static str,
}

/// Requests alike, as one proxy reports them.
#[derive(Debug, Clone)]
pub(super) struct Report<'a> {
    pub reporter: Reporter,
    /// None: a caller without a name.
    pub source: &'a Peer,
    /// None: no pod was reached.
    pub destination: Option<&'a Peer>,
    pub called: &'a Called,
    pub ending: Ending,
    pub requests: u64,
    pub latency: Latency,
    /// Milliseconds beside what the distribution gives.
    pub extra: f64,
    /// Bytes of a request and of an answer.
    pub bytes: (u32, u32),
}

/// Which series requests count in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct MeterKey {
    /// The pod whose proxy counts.
    pod: Key,
    reporter: Reporter,
    /// Namespace and workload of the other end.
    other: Option<(Arc<str>, Arc<str>)>,
    called: Called,
    ending: Ending,
}

/// One flow of requests, counted.
#[derive(Debug)]
struct Meter {
    base: Vec<Label>,
    duration: Histogram,
    bytes: (u64, u64),
    /// In the order of [`Meter::values`]; empty until the first scrape.
    series: Vec<SeriesId>,
}

/// What a histogram has beside its buckets.
const PLAIN: [&str; 7] = [
    "istio_requests_total",
    "istio_request_duration_milliseconds_count",
    "istio_request_duration_milliseconds_sum",
    "istio_request_bytes_count",
    "istio_request_bytes_sum",
    "istio_response_bytes_count",
    "istio_response_bytes_sum",
];

impl Meter {
    /// The values of all the series, [`PLAIN`] first, then the buckets.
    fn values(&self) -> impl Iterator<Item = f64> {
        let count = self.duration.count as f64;
        let (sent, received) = (self.bytes.0 as f64, self.bytes.1 as f64);
        let plain = [count, count, self.duration.sum, count, sent, count, received];
        let buckets = self.duration.within.map(|within| within as f64);
        plain.into_iter().chain(buckets).chain([count])
    }

    fn register(&mut self, store: &mut Store) {
        let with = |name: &str, bound: Option<Arc<str>>| {
            let name = (Arc::from(NAME), Arc::from(name));
            let bound = bound.map(|bound| (Arc::from(BUCKET), bound));
            Labels::new(self.base.iter().cloned().chain([name]).chain(bound))
        };
        let bounds = BOUNDS.iter().map(|bound| Arc::from(bound.to_string()));
        let buckets = bounds
            .chain([Arc::from("+Inf")])
            .map(|bound| with("istio_request_duration_milliseconds_bucket", Some(bound)));
        let labels: Vec<Labels> =
            PLAIN.iter().map(|name| with(name, None)).chain(buckets).collect();
        self.series = labels.iter().map(|labels| store.series(labels)).collect();
    }
}

/// All the meters of the mesh.
#[derive(Debug, Default)]
pub(super) struct Meters {
    meters: BTreeMap<MeterKey, Meter>,
    /// Series with one value, by the pod that reports them: `up`, `istio_build` and their like.
    gauges: BTreeMap<(Option<Key>, Labels), (SeriesId, f64)>,
}

impl Meters {
    /// Counts requests where the reporting proxy counts them; a pod without a proxy reports
    /// nothing.
    pub(super) fn count(&mut self, report: &Report<'_>, random: &mut Random) {
        let (own, other) = match (report.reporter, report.destination) {
            (Reporter::Source, other) => (report.source, other),
            (Reporter::Destination, Some(own)) => (own, Some(report.source)),
            (Reporter::Destination, None) => return,
        };
        if !own.proxied || report.requests == 0 {
            return;
        }
        let key = MeterKey {
            pod: own.key.clone(),
            reporter: report.reporter,
            other: other.map(|peer| (peer.key.namespace.clone(), peer.workload.clone())),
            called: report.called.clone(),
            ending: report.ending.clone(),
        };
        let meter = self.meters.entry(key).or_insert_with(|| Meter {
            base: base(own, report),
            duration: Histogram::default(),
            bytes: (0, 0),
            series: Vec::new(),
        });
        meter.duration.observe(random, report.requests, report.latency, report.extra);
        meter.bytes.0 += report.requests * u64::from(report.bytes.0);
        if report.ending.status != 0 {
            meter.bytes.1 += report.requests * u64::from(report.bytes.1);
        }
    }

    /// Sets a series with one value.
    pub(super) fn gauge(
        &mut self,
        store: &mut Store,
        pod: Option<&Peer>,
        labels: &Labels,
        value: f64,
    ) {
        let key = (pod.map(|pod| pod.key.clone()), labels.clone());
        self.gauges.entry(key).or_insert_with(|| (store.series(labels), value)).1 = value;
    }

    /// Writes what every proxy shows at a scrape; series of pods that are gone come to an end.
    pub(super) fn scrape(&mut self, store: &mut Store, at: i64, lives: impl Fn(&Key) -> bool) {
        self.meters.retain(|key, meter| {
            if !lives(&key.pod) {
                for id in &meter.series {
                    store.end(*id, at);
                }
                return false;
            }
            if meter.series.is_empty() {
                meter.register(store);
            }
            for (id, value) in meter.series.iter().zip(meter.values()) {
                store.append(*id, at, value);
            }
            true
        });
        self.gauges.retain(|(pod, _), (id, value)| {
            let alive = pod.as_ref().is_none_or(&lives);
            if alive {
                store.append(*id, at, *value)
            } else {
                store.end(*id, at)
            };
            alive
        });
    }
}

/// The labels of a flow, without the metric's name.
fn base(own: &Peer, report: &Report<'_>) -> Vec<Label> {
    let mut labels = own.target();
    labels.extend(report.source.end("source"));
    labels.extend(match report.destination {
        Some(peer) => peer.end("destination"),
        None => unknown_end("destination"),
    });
    let mutual = report.source.proxied && report.destination.is_some_and(|peer| peer.proxied);
    let (reporter, policy) = match report.reporter {
        Reporter::Source => ("source", "unknown"),
        Reporter::Destination => ("destination", if mutual { "mutual_tls" } else { "none" }),
    };
    let called = report.called;
    let more = [
        ("reporter", reporter.into()),
        ("connection_security_policy", policy.into()),
        ("destination_service", called.host.clone()),
        ("destination_service_name", called.name.clone()),
        ("destination_service_namespace", called.namespace.clone()),
        ("request_protocol", "http".into()),
        ("response_code", report.ending.status.to_string().into()),
        ("response_flags", report.ending.flags.into()),
    ];
    labels.extend(more.into_iter().map(|(name, value)| (Arc::from(name), value)));
    labels
}

/// Says what the metrics are.
pub(super) fn describe(store: &mut Store) {
    let families = [
        ("istio_requests_total", "counter", "Requests, counted when they end."),
        ("istio_request_duration_milliseconds", "histogram", "How long requests took."),
        ("istio_request_bytes", "histogram", "Bytes of requests, headers included."),
        ("istio_response_bytes", "histogram", "Bytes of answers, headers included."),
        ("istio_build", "gauge", "The version of a component of Istio."),
        ("pilot_xds", "gauge", "Proxies connected to istiod."),
        ("pilot_services", "gauge", "Services that istiod knows."),
        ("pilot_virt_services", "gauge", "VirtualServices that istiod knows."),
        ("up", "gauge", "Whether the last scrape of the target succeeded."),
    ];
    for (name, kind, help) in families {
        store.describe(name, Family { kind, help });
    }
}
