//! The service graph: its options and its answer, in the shape of the JSON contract.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Scope;
use super::health::HealthConfig;
use super::inventory::Inventory;
use super::objects::Objects;
use super::status::Ready;
use super::telemetry::Telemetry;

mod build;
mod call;
mod finish;
mod identity;
mod idle;
mod latency;
mod ledger;
mod marks;
mod reporter;
mod verdict;

pub use build::build;
pub(super) use latency::Histogram;

/// What a graph is made of.
#[derive(Debug, Clone, Copy)]
pub struct GraphInput<'a> {
    pub objects: &'a Objects,
    pub inventory: &'a Inventory,
    pub telemetry: &'a Telemetry,
    /// The namespaces that are asked about: calls from or to them are shown.
    pub scope: &'a Scope,
    pub options: &'a GraphOptions,
    pub health: &'a HealthConfig,
}

/// What a node stands for, and how traffic is grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraphType {
    /// One node for each version of an app.
    #[default]
    VersionedApp,
    App,
    Workload,
    Service,
}

impl GraphType {
    /// The next one, as one key goes through them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::VersionedApp => Self::App,
            Self::App => Self::Workload,
            Self::Workload => Self::Service,
            Self::Service => Self::VersionedApp,
        }
    }

    /// As flags and documents have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::VersionedApp => "versioned-app",
            Self::App => "app",
            Self::Workload => "workload",
            Self::Service => "service",
        }
    }
}

/// Which gRPC and TCP rates the edges carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateKind {
    Requests,
    Sent,
    Received,
    Total,
    None,
}

/// What graph to build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GraphOptions {
    pub graph_type: GraphType,
    /// A node for the called service before the versions that serve it.
    pub service_nodes: bool,
    /// Nodes and edges without traffic.
    pub idle: bool,
    /// `Requests` or `None`.
    pub http: RateKind,
    /// `Requests`, `Sent`, `Received`, `Total` or `None`.
    pub grpc: RateKind,
    /// `Sent`, `Received`, `Total` or `None`.
    pub tcp: RateKind,
}

impl GraphOptions {
    /// A node for each service: what is called, whatever its versions.
    pub fn by_service() -> Self {
        Self { graph_type: GraphType::Service, ..Self::default() }
    }
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            graph_type: GraphType::VersionedApp,
            service_nodes: false,
            idle: false,
            http: RateKind::Requests,
            grpc: RateKind::Requests,
            tcp: RateKind::Sent,
        }
    }
}

/// Stable identity of a node across refreshes.
///
/// * `app:CLUSTER/NAMESPACE/APP/VERSION`, e.g. `app:Kubernetes/default/reviews/v2`; where no label
///   names a version it is `latest`, followed by the workload if that is not called as the app is;
///   `app:CLUSTER/NAMESPACE/APP` in a graph of apps
/// * `workload:CLUSTER/NAMESPACE/WORKLOAD`
/// * `service:CLUSTER/NAMESPACE/SERVICE`
/// * `unknown:CLUSTER`: callers that no proxy knows
///
/// A part that nobody knows is `unknown`.
pub type NodeId = Arc<str>;

/// A built graph: nodes sorted by id, edges by source, target and protocol.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    pub options: GraphOptions,
    pub evaluated_at: Timestamp,
    pub window: Duration,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

impl Graph {
    /// The node with this id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        let at = self.nodes.binary_search_by(|node| (*node.id).cmp(id)).ok()?;
        self.nodes.get(at)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeType {
    App,
    Workload,
    Service,
    #[default]
    Unknown,
}

/// Marks of a node, in the order in which the contract lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeFlag {
    /// Calls others and is called by none.
    Root,
    /// Of a namespace that was not asked for.
    Outside,
    /// Not to be looked into: unknown, egress, or a namespace without rights.
    Inaccessible,
    Idle,
    /// Its workload has no pods.
    Dead,
    OutOfMesh,
    Gateway,
    Waypoint,
    ServiceEntry,
    /// A service node that the graph put before its versions.
    Injected,
}

/// Health, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    #[default]
    Unknown,
    Healthy,
    NotReady,
    Degraded,
    Failure,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Node {
    pub id: NodeId,
    #[serde(rename = "type")]
    pub node_type: NodeType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Arc<str>>,
    /// Sorted, without repeats.
    pub flags: Vec<NodeFlag>,
    pub health: Health,
    /// Why `health` is what it is, in a few words; empty when healthy or unknown.
    #[serde(skip)]
    pub health_reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<Ready>,
    pub traffic: NodeTraffic,
    /// Of a service: percent of its requests that no workload took (no healthy upstream, no
    /// route, an injected fault); absent when all were taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unserved_percent: Option<f64>,
    /// Of what came in, from the histograms of all callers together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Latency>,
    /// Of what came in, of all callers together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Throughput>,
}

impl Node {
    pub fn has(&self, flag: NodeFlag) -> bool {
        self.flags.contains(&flag)
    }
}

/// Traffic of a node by protocol; a protocol without traffic is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NodeTraffic {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpTraffic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcTraffic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpTraffic>,
}

/// Requests per second.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct HttpTraffic {
    #[serde(rename = "in")]
    pub incoming: f64,
    #[serde(rename = "out")]
    pub outgoing: f64,
    pub in_3xx: f64,
    pub in_4xx: f64,
    pub in_5xx: f64,
    pub in_no_response: f64,
}

/// Requests or messages per second.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct GrpcTraffic {
    #[serde(rename = "in")]
    pub incoming: f64,
    #[serde(rename = "out")]
    pub outgoing: f64,
    pub in_err: f64,
    pub in_no_response: f64,
}

/// Bytes per second.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TcpTraffic {
    #[serde(rename = "in")]
    pub incoming: f64,
    #[serde(rename = "out")]
    pub outgoing: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    #[default]
    Http,
    Grpc,
    Tcp,
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
pub enum Unit {
    #[default]
    #[serde(rename = "requests/s")]
    Requests,
    #[serde(rename = "messages/s")]
    Messages,
    #[serde(rename = "bytes/s")]
    Bytes,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Edge {
    pub source: NodeId,
    pub target: NodeId,
    pub protocol: Protocol,
    pub rate: f64,
    pub unit: Unit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_3xx: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_4xx: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_5xx: Option<f64>,
    /// gRPC errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_err: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_no_response: Option<f64>,
    /// Percent of `rate` that failed (4xx, 5xx, gRPC errors, no response).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_percent: Option<f64>,
    /// Percent of the source's calls to the destination's service that went to this target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_percent: Option<f64>,
    pub responses: Vec<Response>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Latency>,
    /// Of HTTP and gRPC; absent where it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Throughput>,
    /// Percent of the rate under mutual TLS, where a receiver told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtls_percent: Option<f64>,
    #[serde(skip)]
    pub health: Health,
    /// Why `health` is what it is; empty when healthy or unknown.
    #[serde(skip)]
    pub health_reason: String,
}

/// A rate by response.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Response {
    /// `-` for none.
    pub code: Arc<str>,
    /// `-` for none.
    pub flags: Arc<str>,
    pub host: Arc<str>,
    pub rate: f64,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Latency {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
}

/// Bytes per second of HTTP and gRPC requests and of their responses, as one proxy counted them:
/// what went over the wire, headers included (`istio_request_bytes`, `istio_response_bytes`).
/// Absent is unknown, not zero.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Throughput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_bytes: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_bytes: Option<f64>,
}

impl Throughput {
    /// Bytes per second both ways; `None` unless both are known.
    pub fn total(self) -> Option<f64> {
        Some(self.request_bytes? + self.response_bytes?)
    }
}

impl std::ops::Add for Throughput {
    type Output = Self;

    /// The bytes of both, as far as they are known.
    fn add(self, other: Self) -> Self {
        let sum = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        Self {
            request_bytes: sum(self.request_bytes, other.request_bytes),
            response_bytes: sum(self.response_bytes, other.response_bytes),
        }
    }
}
