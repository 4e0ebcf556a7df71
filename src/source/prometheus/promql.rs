//! The text of the questions of a refresh: few, wide, and as many for one namespace as for all.
//!
//! Metric and label names are those of Istio's standard metrics (Istio documentation, "Istio
//! Standard Metrics").

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::mesh::Scope;
use crate::mesh::graph::{GraphOptions, RateKind};
use crate::mesh::telemetry::counts::REPLICA;

/// How finely latency is told apart. Histograms are long: a mesh of thousands of edges has tens
/// of megabytes of them, of which a list that shows one number a namespace needs a few kilobytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LatencyBy {
    /// Callers together, a namespace that is called.
    Namespace,
    /// Callers together, a service that is called.
    Service,
    Edge,
}

/// What to ask for in one refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryRequest {
    pub scope: Scope,
    /// Rates are averages over this long.
    pub window: Duration,
    /// The instant to ask about; `None` is the server's now.
    pub time: Option<Timestamp>,
    /// Only calls to this service: namespace and name.
    pub service: Option<(Arc<str>, Arc<str>)>,
    pub requests: bool,
    /// `istio_tcp_sent_bytes_total`.
    pub tcp_sent: bool,
    /// `istio_tcp_received_bytes_total`.
    pub tcp_received: bool,
    /// `istio_request_messages_total`.
    pub grpc_sent: bool,
    /// `istio_response_messages_total`.
    pub grpc_received: bool,
    pub latency: Option<LatencyBy>,
    /// `istio_request_bytes_sum` and `istio_response_bytes_sum`, by edge.
    pub throughput: bool,
    /// How long latency may take where it is only an ornament: the dearest question of all must
    /// not hold the others up. `None` waits as long as for any other.
    pub latency_within: Option<Duration>,
    /// Raw samples, for integer counts.
    pub counts: bool,
    /// Rows without traffic too.
    pub idle: bool,
}

impl TelemetryRequest {
    /// What a graph with these options needs, without latency, throughput and counts.
    pub fn for_graph(scope: Scope, window: Duration, options: &GraphOptions) -> Self {
        let by = |kind: RateKind, one: RateKind| kind == one || kind == RateKind::Total;
        Self {
            scope,
            window,
            time: None,
            service: None,
            requests: options.http == RateKind::Requests || options.grpc == RateKind::Requests,
            // Istio counts TCP bytes as the server sees them: what a client sends is received.
            tcp_sent: by(options.tcp, RateKind::Received),
            tcp_received: by(options.tcp, RateKind::Sent),
            grpc_sent: by(options.grpc, RateKind::Sent),
            grpc_received: by(options.grpc, RateKind::Received),
            latency: None,
            throughput: false,
            latency_within: None,
            counts: false,
            idle: options.idle,
        }
    }
}

/// The labels that name the ends of a call.
const ENDS: &str = "source_cluster,source_workload_namespace,source_workload,\
    source_canonical_service,source_canonical_revision,destination_cluster,\
    destination_workload_namespace,destination_workload,destination_canonical_service,\
    destination_canonical_revision,destination_service_namespace,destination_service,\
    destination_service_name";

/// The fewest labels that tell one flow from another: histograms are long.
const FLOW: &str = "source_cluster,source_workload_namespace,source_workload,destination_cluster,\
    destination_workload_namespace,destination_workload,destination_service_namespace,\
    destination_service_name,request_protocol";

const NAMESPACE: &str = "destination_service_namespace";
const SERVICE: &str = "destination_service_namespace,destination_service_name";

/// Which part of a refresh a question fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Requests,
    TcpSent,
    TcpReceived,
    GrpcSent,
    GrpcReceived,
    Latency,
    LatencySum,
    /// Whose histograms are read for latency.
    Reporters,
    /// Latency of what is called, callers together.
    CalledLatency,
    CalledLatencySum,
    RequestBytes,
    ResponseBytes,
    /// Raw samples of requests.
    Counts,
    /// Raw samples of `up`: since when each target has been scraped.
    Targets,
}

impl Ask {
    pub(super) fn is_latency(self) -> bool {
        use Ask::{CalledLatency, CalledLatencySum, Latency, LatencySum, Reporters};
        matches!(self, Latency | LatencySum | CalledLatency | CalledLatencySum | Reporters)
    }

    /// The name of the part.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::TcpSent => "tcp_sent",
            Self::TcpReceived => "tcp_received",
            Self::GrpcSent => "grpc_sent",
            Self::GrpcReceived => "grpc_received",
            Self::Latency => "latency",
            Self::LatencySum => "latency_sum",
            Self::Reporters => "latency_reporters",
            Self::CalledLatency => "called_latency",
            Self::CalledLatencySum => "called_latency_sum",
            Self::RequestBytes => "request_bytes",
            Self::ResponseBytes => "response_bytes",
            Self::Counts => "counts",
            Self::Targets => "targets",
        }
    }
}

/// Whose reports of histograms are worth reading: those of sources always, the others' only where
/// a flow has no source that counted it. Histograms are long, and most of a mesh reports twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reporters {
    /// Not known: everyone's.
    All,
    /// Those of sources, and beside them what these sent without telling of it themselves.
    SourceAnd { waypoint: Senders, destination: Senders },
}

/// The workloads that flows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Senders {
    Any,
    These(Vec<Arc<str>>),
}

/// More names than this in a matcher serve nobody.
const SENDERS: usize = 50;

impl Senders {
    /// From values of `source_workload`. One that was made harmless on its way in would not be
    /// found again.
    fn of(names: impl Iterator<Item = String>) -> Self {
        let mut names: Vec<Arc<str>> = names.map(Arc::from).collect();
        names.sort();
        names.dedup();
        if names.len() > SENDERS || names.iter().any(|name| name.contains('\u{FFFD}')) {
            return Self::Any;
        }
        Self::These(names)
    }

    /// Whether there are none.
    fn is_nobody(&self) -> bool {
        matches!(self, Self::These(names) if names.is_empty())
    }

    fn matcher(&self) -> String {
        match self {
            Self::Any => String::new(),
            Self::These(names) => matcher("source_workload", names, false),
        }
    }
}

impl Reporters {
    /// From the answer to [`reporters`]: pairs of `reporter` and `source_workload`.
    pub fn of(pairs: &[(String, String)]) -> Self {
        let senders = |reporter: &str| {
            let told = pairs.iter().filter(|pair| pair.0 == reporter);
            Senders::of(told.map(|pair| pair.1.clone()))
        };
        Self::SourceAnd { waypoint: senders("waypoint"), destination: senders("destination") }
    }

    fn waypoint(&self) -> &Senders {
        match self {
            Self::All => &Senders::Any,
            Self::SourceAnd { waypoint, .. } => waypoint,
        }
    }

    fn destination(&self) -> &Senders {
        match self {
            Self::All => &Senders::Any,
            Self::SourceAnd { destination, .. } => destination,
        }
    }
}

/// The question before those about latency: which workloads' requests others than their source
/// tell of, by who does.
pub fn reporters(request: &TelemetryRequest, query_scope: &[(String, String)]) -> String {
    let text = Text { request, query_scope, reporters: &Reporters::All };
    let count = "istio_request_duration_milliseconds_count";
    let others = text.sum(count, "reporter!=\"source\"", &format!("{FLOW},reporter"));
    let source = text.sum(count, "reporter=\"source\"", FLOW);
    format!(
        "count by (reporter,source_workload) \
         (({others} > 0) unless ignoring (reporter) ({source} > 0))"
    )
}

/// How far before the window raw samples are asked for: the last scrape before the window is the
/// baseline of the counts, and scrapes are up to a minute apart.
pub const LEAD: Duration = Duration::from_secs(120);

/// The questions of a refresh but for latency, in order. `query_scope` are labels that every
/// series must carry.
pub fn questions(
    request: &TelemetryRequest,
    query_scope: &[(String, String)],
) -> Vec<(Ask, String)> {
    let text = Text { request, query_scope, reporters: &Reporters::All };
    let rate = |ask, metric: &str, labels: &str| (ask, text.rates(metric, labels));
    let mut all = Vec::new();
    if request.requests {
        let labels = format!(
            "reporter,{ENDS},request_protocol,response_code,grpc_response_status,response_flags,\
             connection_security_policy"
        );
        all.push(rate(Ask::Requests, "istio_requests_total", &labels));
    }
    let tcp = format!("reporter,{ENDS},response_flags,connection_security_policy");
    if request.tcp_sent {
        all.push(rate(Ask::TcpSent, "istio_tcp_sent_bytes_total", &tcp));
    }
    if request.tcp_received {
        all.push(rate(Ask::TcpReceived, "istio_tcp_received_bytes_total", &tcp));
    }
    let messages = format!("reporter,{ENDS},connection_security_policy");
    if request.grpc_sent {
        all.push(rate(Ask::GrpcSent, "istio_request_messages_total", &messages));
    }
    if request.grpc_received {
        all.push(rate(Ask::GrpcReceived, "istio_response_messages_total", &messages));
    }
    if request.throughput {
        all.push((Ask::RequestBytes, text.one_reporter("istio_request_bytes_sum")));
        all.push((Ask::ResponseBytes, text.one_reporter("istio_response_bytes_sum")));
    }
    if request.counts {
        all.push((Ask::Counts, text.raw("istio_requests_total")));
        all.push((Ask::Targets, format!("up[{}]", duration(request.window + LEAD))));
    }
    all
}

/// The questions about latency, in order; `reporters` tells whose histograms are read.
pub fn latency_questions(
    request: &TelemetryRequest,
    query_scope: &[(String, String)],
    reporters: &Reporters,
) -> Vec<(Ask, String)> {
    let text = Text { request, query_scope, reporters };
    let (bucket, sum) =
        ("istio_request_duration_milliseconds_bucket", "istio_request_duration_milliseconds_sum");
    match request.latency {
        Some(LatencyBy::Edge) => vec![
            (Ask::Latency, text.one_reporter(bucket)),
            (Ask::LatencySum, text.one_reporter(sum)),
        ],
        Some(LatencyBy::Service) => vec![
            (Ask::CalledLatency, text.called(bucket, SERVICE)),
            (Ask::CalledLatencySum, text.called(sum, SERVICE)),
        ],
        Some(LatencyBy::Namespace) => {
            vec![(Ask::CalledLatency, text.called(bucket, NAMESPACE))]
        }
        None => Vec::new(),
    }
}

struct Text<'a> {
    request: &'a TelemetryRequest,
    query_scope: &'a [(String, String)],
    reporters: &'a Reporters,
}

impl Text<'_> {
    /// `sum by (…)(rate(…))` over the scope, rows without traffic left out unless asked for.
    fn rates(&self, metric: &str, labels: &str) -> String {
        let window = duration(self.request.window);
        let replica = REPLICA.join(",");
        let arms = self.arms("");
        let sums = arms
            .iter()
            .map(|arm| format!("sum by ({labels},{replica}) (rate({metric}{{{arm}}}[{window}]))"))
            .collect::<Vec<_>>();
        let all = sums.join(" or ");
        match (self.request.idle, sums.len()) {
            (true, _) => all,
            (false, 1) => format!("{all} > 0"),
            (false, _) => format!("({all}) > 0"),
        }
    }

    /// A histogram's series of one reporter a flow: the source's where it has counted, else the
    /// waypoint's, else the destination's.
    fn one_reporter(&self, metric: &str) -> String {
        let (histogram, series) = metric.rsplit_once('_').unwrap_or((metric, ""));
        let count = &format!("{histogram}_count");
        let le = if series == "bucket" { ",le" } else { "" };
        let replica = REPLICA.join(",");
        // Which reporter counts does not depend on which replica of Prometheus saw it.
        let ignoring = format!(" ignoring ({replica}{le})");
        let sum = |metric: &str, reporter: &str, senders: &str, le: &str| {
            let parts = [reporter, senders].map(str::to_owned);
            let of = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            self.sum(metric, &of.join(","), &format!("{FLOW},{replica}{le}"))
        };
        let (waypoint, destination) = (self.reporters.waypoint(), self.reporters.destination());
        let (at_source, at_waypoint, at_destination) =
            (r#"reporter="source""#, r#"reporter="waypoint""#, r#"reporter="destination""#);
        let source = sum(metric, at_source, "", le);
        if waypoint.is_nobody() && destination.is_nobody() {
            return source;
        }
        let by_source = sum(count, at_source, "", "");
        let mut told = format!("({source} and{ignoring} ({by_source} > 0))");
        let mut before = format!("{by_source} > 0");
        if !waypoint.is_nobody() {
            let by_waypoint = sum(count, at_waypoint, &waypoint.matcher(), "");
            let waypoint = sum(metric, at_waypoint, &waypoint.matcher(), le);
            let _ = write!(
                told,
                " or (({waypoint} and{ignoring} ({by_waypoint} > 0)) unless{ignoring} ({before}))"
            );
            let _ = write!(before, " or {by_waypoint} > 0");
        }
        if !destination.is_nobody() {
            let destination = sum(metric, at_destination, &destination.matcher(), le);
            let _ = write!(told, " or ({destination} unless{ignoring} ({before}))");
        }
        told
    }

    /// `sum by (…)(rate(…))` over the scope, of the series with these labels.
    fn sum(&self, metric: &str, of: &str, by: &str) -> String {
        let window = duration(self.request.window);
        let arms = self.arms(of);
        let sums =
            arms.iter().map(|arm| format!("sum by ({by}) (rate({metric}{{{arm}}}[{window}]))"));
        format!("({})", sums.collect::<Vec<_>>().join(" or "))
    }

    /// The same, callers added up: by these labels of what is called.
    fn called(&self, metric: &str, by: &str) -> String {
        let le = if metric.ends_with("_bucket") { ",le" } else { "" };
        format!("sum by ({by},{}{le}) ({})", REPLICA.join(","), self.one_reporter(metric))
    }

    /// Raw samples as the deciding proxies counted them.
    fn raw(&self, metric: &str) -> String {
        let range = duration(self.request.window + LEAD);
        let arms = self.arms(r#"reporter=~"source|waypoint""#);
        // A range selector cannot be part of an `or`: what leaves the scope is what splits need
        // least, so only the called namespaces are named.
        let arm = match (&self.request.service, &self.request.scope) {
            (None, Scope::Namespaces(names)) => {
                let called = matcher("destination_service_namespace", names, false);
                self.selector(&[r#"reporter=~"source|waypoint""#, &called])
            }
            _ => arms.into_iter().next().unwrap_or_default(),
        };
        format!("{metric}{{{arm}}}[{range}]")
    }

    /// Selectors that together cover the scope, none of a series that another covers.
    fn arms(&self, reporter: &str) -> Vec<String> {
        if let Some((namespace, name)) = &self.request.service {
            let service = format!(
                "destination_service_namespace={},destination_service_name={}",
                quoted(namespace),
                quoted(name)
            );
            return vec![self.selector(&[reporter, &service])];
        }
        let Scope::Namespaces(names) = &self.request.scope else {
            return vec![self.selector(&[reporter])];
        };
        let from = matcher("source_workload_namespace", names, false);
        let not_from = matcher("source_workload_namespace", names, true);
        let to = matcher("destination_workload_namespace", names, false);
        // Requests that reached no workload: only the host that was asked for names a namespace.
        let unserved = format!(
            "destination_workload_namespace=~\"unknown|\",destination_service=~{}",
            quoted(&format!(".+\\.({})\\..+", alternatives(names)))
        );
        vec![
            self.selector(&[reporter, &from]),
            self.selector(&[reporter, &not_from, &to]),
            self.selector(&[reporter, &not_from, &unserved]),
        ]
    }

    fn selector(&self, parts: &[&str]) -> String {
        let scope =
            self.query_scope.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let parts = parts.iter().filter(|part| !part.is_empty()).map(|part| (*part).to_owned());
        parts.chain(scope).collect::<Vec<_>>().join(",")
    }
}

/// `label="a"` or `label=~"a|b"`, negated on demand.
fn matcher(label: &str, names: &[Arc<str>], negated: bool) -> String {
    match (names, negated) {
        ([one], false) => format!("{label}={}", quoted(one)),
        ([one], true) => format!("{label}!={}", quoted(one)),
        (_, false) => format!("{label}=~{}", quoted(&alternatives(names))),
        (_, true) => format!("{label}!~{}", quoted(&alternatives(names))),
    }
}

fn alternatives(names: &[Arc<str>]) -> String {
    names.iter().map(|name| regex::escape(name)).collect::<Vec<_>>().join("|")
}

/// A PromQL string literal.
fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(literal, "\\u{:04x}", c as u32);
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// A PromQL duration: whole seconds, or milliseconds where needed; never zero.
fn duration(of: Duration) -> String {
    if of.subsec_millis() == 0 && of.as_secs() > 0 {
        format!("{}s", of.as_secs())
    } else {
        format!("{}ms", of.as_millis().max(1))
    }
}
