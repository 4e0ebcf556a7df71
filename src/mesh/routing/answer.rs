//! An answer: which rule took the request, where it goes, and why the others did not match.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::reason::Reason;
use super::request::{Request, SourceKind};
use crate::mesh::Kind;

/// The proxy that decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decider {
    pub kind: SourceKind,
    pub namespace: Arc<str>,
    pub name: Arc<str>,
}

/// A rule inside an object: what a line of YAML can be pointed at by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RuleRef {
    #[serde(serialize_with = "kind_name")]
    pub kind: Kind,
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    /// Position in `http`, `tls`, `tcp` or `rules`; `None` speaks of the whole object.
    pub index: Option<usize>,
    pub rule_name: Option<Arc<str>>,
    /// `tls` or `tcp`, where it is not `http`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<&'static str>,
    /// The rule inside a delegate; `index` is then that of the root's rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegate: Option<Box<DelegateRef>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(kind)
}

/// A rule of a delegate VirtualService.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct DelegateRef {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    pub index: usize,
    pub rule_name: Option<Arc<str>>,
}

impl std::fmt::Display for RuleRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)?;
        if let Some(index) = self.index {
            write!(f, " {} {index}", self.protocol.map_or("rule", |name| name))?;
        }
        if let Some(name) = &self.rule_name {
            write!(f, " \"{name}\"")?;
        }
        if let Some(delegate) = &self.delegate {
            write!(
                f,
                " (through {}/{} rule {})",
                delegate.namespace, delegate.name, delegate.index
            )?;
        }
        Ok(())
    }
}

/// What becomes of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// At least one destination can take it.
    Routed,
    /// The proxy answers by itself.
    DirectResponse,
    Redirect,
    /// Aborted by a fault for every request.
    Fault,
    /// 404; without a status no listener or filter chain accepts the connection.
    NotFound,
    /// The cluster of every destination is missing.
    NoCluster,
    /// No destination has a ready endpoint.
    NoHealthyUpstream,
    /// Goes to the address dialled, past every rule.
    Passthrough,
    /// Refused because only known services may be called.
    Blackhole,
}

/// Whether a destination can take its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum DestinationState {
    #[default]
    Ok,
    NoCluster,
    NoHealthyUpstream,
}

/// The pods behind a destination.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Pods {
    pub ready: u32,
    pub total: u32,
    /// The ready ones, sorted.
    pub names: Vec<Arc<str>>,
    /// The others, sorted.
    pub not_ready: Vec<Arc<str>>,
}

/// One of the places a request may go to.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Destination {
    /// Full name of the service.
    pub host: Arc<str>,
    pub port: Option<u16>,
    pub subset: Option<Arc<str>>,
    /// Share of the requests, 0 to 100.
    pub percent: f64,
    pub pods: Pods,
    /// Namespace of the service, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    /// Endpoints that are no pods, as `address:port`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The address dialled is used, whatever the rule names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub original_destination: bool,
    pub state: DestinationState,
    /// The status that this share is answered with when it cannot be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Envoy's response flag beside that status: `NC` or `UH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_flag: Option<&'static str>,
    /// Why it cannot be taken, or why the subset does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Header changes of this share alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<HeaderChanges>,
}

/// A redirect as the client gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redirect {
    pub status: u16,
    pub location: String,
    /// By the gateway server's `httpsRedirect`, not by a rule.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub https_redirect: bool,
}

/// What the rule does beside choosing a destination; only what is set.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Actions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// The effective policy, the mesh's default included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<RetryPolicy>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirror: Vec<MirrorTarget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Rewritten>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<HeaderChanges>,
    /// The policy in Envoy's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors: Option<Value>,
    /// Headers of the answer to a preflight that the proxy gives itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors_preflight: Option<BTreeMap<String, String>>,
    /// Body of a direct response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// Retries inside the chosen destination; 0 attempts: none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RetryPolicy {
    pub attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_try_timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_on: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retriable_status_codes: Vec<u32>,
}

/// Where a copy of the request goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MirrorTarget {
    pub host: Arc<str>,
    pub port: u16,
    pub subset: Option<Arc<str>>,
    /// 0 to 100.
    pub percent: f64,
    /// Whether the proxy has the cluster.
    pub exists: bool,
}

/// How path and authority change before the request is forwarded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Rewritten {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<RegexReplacement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    pub forwarded_path: String,
    pub forwarded_authority: String,
}

/// A substitution by regular expression; groups are `\1` and so on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RegexReplacement {
    #[serde(rename = "match")]
    pub pattern: String,
    pub rewrite: String,
}

/// Injected faults: the delay comes first, then the abort is drawn.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FaultPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<FaultDelay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort: Option<FaultAbort>,
}

/// A delay for a share of the requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultDelay {
    /// As configured, such as `7s`.
    pub fixed: String,
    /// 0 to 100.
    pub percent: f64,
    #[serde(skip)]
    pub duration: Duration,
}

/// An abort for a share of the requests, with either status.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultAbort {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The number of the gRPC status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc_status: Option<u16>,
    /// 0 to 100.
    pub percent: f64,
}

/// Changes of headers on the way there and back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HeaderChanges {
    #[serde(skip_serializing_if = "HeaderSet::is_empty")]
    pub request: HeaderSet,
    #[serde(skip_serializing_if = "HeaderSet::is_empty")]
    pub response: HeaderSet,
}

impl HeaderChanges {
    pub fn is_empty(&self) -> bool {
        self.request.is_empty() && self.response.is_empty()
    }
}

/// Set replaces, add appends, remove removes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HeaderSet {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub add: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

impl HeaderSet {
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.remove.is_empty()
    }
}

/// A rule that did not take the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotMatched {
    pub rule: RuleRef,
    pub reason: Reason,
    /// In words: what was wanted and what was there.
    pub detail: String,
}

/// The whole answer; serializes as the `route` contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub schema: &'static str,
    pub request: Request,
    pub decided_by: Decider,
    pub rule: Option<RuleRef>,
    pub outcome: Outcome,
    /// What the proxy itself answers with; `None` when the request is forwarded or the
    /// connection is refused.
    pub status: Option<u16>,
    pub destinations: Vec<Destination>,
    pub redirect: Option<Redirect>,
    pub actions: Actions,
    pub not_matched: Vec<NotMatched>,
    pub caveats: Vec<String>,
}

impl Answer {
    pub(super) fn new(request: &Request, outcome: Outcome, status: Option<u16>) -> Self {
        Self {
            schema: "vigla.route/v1",
            decided_by: Decider {
                kind: request.from.kind,
                namespace: Arc::clone(&request.from.namespace),
                name: Arc::clone(&request.from.name),
            },
            request: request.clone(),
            rule: None,
            outcome,
            status,
            destinations: Vec::new(),
            redirect: None,
            actions: Actions::default(),
            not_matched: Vec::new(),
            caveats: Vec::new(),
        }
    }
}
