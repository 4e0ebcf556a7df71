//! What Prometheus said: rows of Istio's standard metrics, as few wide queries return them.
//!
//! This module holds data; how rows become a graph is [`super::graph`]'s business.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::status::Trouble;

pub mod counts;

pub use counts::RawSeries;

/// One refresh of telemetry. Each part stands for itself: one that failed says why and leaves
/// the others standing.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    /// The instant the queries were evaluated at.
    pub evaluated_at: Timestamp,
    pub window: Duration,
    /// `istio_requests_total`, requests per second.
    pub requests: Part<RateRow>,
    /// `istio_tcp_sent_bytes_total`, bytes per second.
    pub tcp_sent: Part<RateRow>,
    /// `istio_tcp_received_bytes_total`, bytes per second.
    pub tcp_received: Part<RateRow>,
    /// `istio_request_messages_total`, messages per second.
    pub grpc_sent: Part<RateRow>,
    /// `istio_response_messages_total`, messages per second.
    pub grpc_received: Part<RateRow>,
    /// `istio_request_duration_milliseconds_bucket`, one reporter a flow, chosen by the query.
    pub latency: Part<LatencyRow>,
    /// `istio_request_duration_milliseconds_sum`, milliseconds per second, likewise.
    pub latency_sum: Part<RateRow>,
    /// The same histograms by service or namespace that is called, callers together.
    pub called_latency: Part<LatencyRow>,
    pub called_latency_sum: Part<RateRow>,
    /// `istio_request_bytes_sum`, bytes per second, one reporter a flow, chosen by the query.
    pub request_bytes: Part<RateRow>,
    /// `istio_response_bytes_sum`, bytes per second, likewise.
    pub response_bytes: Part<RateRow>,
    /// Integer request counts over the window, from raw samples, for splits.
    pub counts: Part<CountRow>,
    /// What the server said beside its answers, e.g. that a store did not take part.
    pub warnings: Vec<String>,
    /// The PromQL that was sent, by part, in order of sending.
    pub queries: Vec<(&'static str, String)>,
}

impl Telemetry {
    /// The rates alone, without histograms, sizes and counts. Rows are shared.
    #[must_use]
    pub fn rates(&self) -> Self {
        Self {
            evaluated_at: self.evaluated_at,
            window: self.window,
            requests: self.requests.clone(),
            tcp_sent: self.tcp_sent.clone(),
            tcp_received: self.tcp_received.clone(),
            grpc_sent: self.grpc_sent.clone(),
            grpc_received: self.grpc_received.clone(),
            ..Self::default()
        }
    }

    /// Whether any part was answered.
    pub fn answered(&self) -> bool {
        self.outcomes().iter().any(|outcome| matches!(outcome, Some(Ok(()))))
    }

    /// What went wrong with the first part that was asked for and is missing.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.troubles().next()
    }

    /// What went wrong with each part that was asked for and is missing.
    pub fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.outcomes().into_iter().filter_map(|outcome| outcome?.err())
    }

    /// How each part went, `None` where it was not asked.
    fn outcomes(&self) -> [Option<Result<(), &Trouble>>; 12] {
        [
            self.requests.outcome(),
            self.tcp_sent.outcome(),
            self.tcp_received.outcome(),
            self.grpc_sent.outcome(),
            self.grpc_received.outcome(),
            self.latency.outcome(),
            self.latency_sum.outcome(),
            self.called_latency.outcome(),
            self.called_latency_sum.outcome(),
            self.request_bytes.outcome(),
            self.response_bytes.outcome(),
            self.counts.outcome(),
        ]
    }
}

/// The answer of one query.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Part<T> {
    /// Not asked.
    #[default]
    Absent,
    Rows(Arc<Vec<T>>),
    Failed(Trouble),
}

impl<T> Part<T> {
    /// The rows, none when the part is missing.
    pub fn rows(&self) -> &[T] {
        match self {
            Self::Rows(rows) => rows,
            Self::Absent | Self::Failed(_) => &[],
        }
    }

    fn outcome(&self) -> Option<Result<(), &Trouble>> {
        match self {
            Self::Absent => None,
            Self::Rows(_) => Some(Ok(())),
            Self::Failed(trouble) => Some(Err(trouble)),
        }
    }
}

/// Who reported a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Reporter {
    #[default]
    Source,
    Destination,
    Waypoint,
}

/// One end of a call, as labels name it. `None` where the label is missing, empty or `unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct End {
    /// `unknown` is kept here: a cluster that the proxy did not know tells of a broken exchange
    /// of metadata, a missing label only of an older Istio.
    pub cluster: Option<Arc<str>>,
    /// The workload's namespace.
    pub namespace: Option<Arc<str>>,
    pub workload: Option<Arc<str>>,
    /// `*_canonical_service`.
    pub app: Option<Arc<str>>,
    /// `*_canonical_revision`; `latest` is kept, though it may mean that nobody knows.
    pub version: Option<Arc<str>>,
}

/// The service that was called, as labels name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Called {
    /// `destination_service`: the full host name.
    pub host: Option<Arc<str>>,
    /// `destination_service_name`; also `PassthroughCluster` and `BlackHoleCluster`.
    pub name: Option<Arc<str>>,
    pub namespace: Option<Arc<str>>,
}

/// The labels that a row of any part has in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Flow {
    pub reporter: Reporter,
    pub source: End,
    pub destination: End,
    pub service: Called,
    /// `request_protocol`: `http`, `grpc` or `tcp`.
    pub protocol: Arc<str>,
}

/// A rate with its outcome.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RateRow {
    pub flow: Flow,
    /// `response_code`; empty for TCP and messages.
    pub code: Arc<str>,
    /// `grpc_response_status`; empty unless gRPC.
    pub grpc_status: Arc<str>,
    /// `response_flags`, `-` for none.
    pub flags: Arc<str>,
    /// `connection_security_policy` is `mutual_tls`; `None` where it says `unknown`.
    pub mtls: Option<bool>,
    /// Per second.
    pub rate: f64,
}

/// The latency histogram of one flow. Its ends carry no app and version: those are the ones that
/// the same workload has in [`Telemetry::requests`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LatencyRow {
    pub flow: Flow,
    /// Sorted by bound; cumulative.
    pub buckets: Vec<Bucket>,
}

/// One cumulative bucket of a latency histogram.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bucket {
    /// Upper bound in milliseconds; infinite for the last.
    pub le: f64,
    /// Requests per second that took no longer.
    pub rate: f64,
}

/// An integer count of requests over the window, for one route of telemetry.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CountRow {
    pub flow: Flow,
    pub code: Arc<str>,
    pub flags: Arc<str>,
    /// Requests within the window, counter resets undone.
    pub requests: u64,
    /// How many scrapes of the series lie in the window.
    pub scrapes: u32,
}
