//! What Istio's own validation says of an object: one file a kind, after Istio's
//! `pkg/config/validation`, plus fields that no version of the kind has.

use serde_json::Value;

use super::rule::Single;
use crate::mesh::kind::Kind;

mod authorization;
mod connection;
mod destination_rule;
mod envoy_filter;
pub mod fields;
mod gateway;
mod headers;
mod load_balancer;
mod node;
mod policies;
mod proxies;
pub mod proxy_config;
mod reachability;
mod service_entry;
mod sidecar;
mod virtual_service;
pub mod vocabulary;
mod workload;

pub use node::{Issues, Node};

/// What an [`Issue`] is told as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// IST0106.
    Error,
    /// IST0133.
    Warning,
    /// IST0130.
    Unreachable,
    /// IST0131.
    Ineffective,
}

/// One thing that the schema check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub severity: Severity,
    /// The place in the object.
    pub path: String,
    pub text: String,
}

/// Checks an object by its kind; kinds that Istio does not validate draw nothing.
pub(super) fn check(one: &Single<'_>) -> Vec<Issue> {
    let mut issues = Issues::default();
    // An object without a spec is checked like one with an empty one.
    let spec = Node::root(fields::of(one.value(), "spec"), "spec");
    let (namespace, name) = (&*one.about.meta.namespace, &*one.about.meta.name);
    match one.about.kind {
        Kind::VirtualService => virtual_service::check(&spec, namespace, &mut issues),
        Kind::DestinationRule => destination_rule::check(&spec, namespace, &mut issues),
        Kind::Gateway => gateway::check(&spec, name, &mut issues),
        Kind::ServiceEntry => service_entry::check(&spec, namespace, &mut issues),
        Kind::Sidecar => sidecar::check(&spec, namespace, &mut issues),
        Kind::WorkloadEntry => workload::entry(&spec, &mut issues),
        Kind::WorkloadGroup => workload::group(&spec, &mut issues),
        Kind::EnvoyFilter => envoy_filter::check(&spec, &mut issues),
        Kind::ProxyConfig => proxies::proxy_config(&spec, &mut issues),
        Kind::PeerAuthentication => policies::peer(&spec, &mut issues),
        Kind::AuthorizationPolicy => authorization::check(&spec, namespace, name, &mut issues),
        Kind::RequestAuthentication => policies::request(&spec, &mut issues),
        Kind::Telemetry => policies::telemetry(&spec, &mut issues),
        Kind::WasmPlugin => proxies::wasm(&spec, &mut issues),
        Kind::TrafficExtension => proxies::extension(&spec, &mut issues),
        _ => {}
    }
    issues.into_inner()
}

/// Whether a value says something: protobuf's absent, empty and zero are one.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
    }
}
