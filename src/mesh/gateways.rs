//! Where a gateway is reached from outside, and which URLs it serves.
//!
//! Sources of the rules: Istio's "Determining the ingress IP and ports", the port translation of
//! its gateways (a server's number may be the service's port or the pod's), and the Gateway
//! API's `status.addresses`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::Scope;
use super::objects::Objects;

mod address;
mod istio;
mod k8s;

pub use address::ReachableBy;

/// One gateway with its address and what it serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayView {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    /// `Gateway` of Istio, or of the Gateway API: `group` tells.
    pub kind: &'static str,
    pub group: &'static str,
    /// `namespace/name` of the Service in front of its pods.
    pub service: Option<String>,
    /// Address or host name of the load balancer or node.
    pub ingress_host: Option<String>,
    /// `host:port` for plain HTTP, what Istio's documentation calls `GATEWAY_URL`.
    pub gateway_url: Option<String>,
    /// `host:port` for HTTPS.
    pub secure_gateway_url: Option<String>,
    pub reachable_by: ReachableBy,
    /// Why this address was chosen, or why there is none and what to do instead.
    pub note: String,
    pub routes: Vec<GatewayRoute>,
}

/// One way in: a URL and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GatewayRoute {
    /// `None` where the path is a pattern, or the gateway has no address.
    pub url: Option<String>,
    /// The host that requests must carry; `*` for any.
    pub host: String,
    pub path: String,
    #[serde(rename = "match")]
    pub path_match: PathMatch,
    /// `host:port` of the backends, with subset and share where there are several.
    pub destination: String,
    /// The request needs more than host and path (a header, a method, a query).
    pub conditional: bool,
    /// The VirtualService or route it comes from, `namespace/name`.
    pub rule: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PathMatch {
    Exact,
    Prefix,
    Regex,
}

/// Every gateway of the scope, Istio's first, sorted by namespace and name.
pub fn views(objects: &Objects, scope: &Scope) -> Vec<GatewayView> {
    let mut all = istio::views(objects, scope);
    all.extend(k8s::views(objects, scope));
    all
}

/// The URLs of a gateway's routes, each once, in the order in which the routes are tried.
pub fn urls(gateway: &GatewayView) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    gateway.routes.iter().filter_map(|r| r.url.as_deref()).filter(|url| seen.insert(*url)).collect()
}

/// A URL for a route: the gateway's address where any host will do, else the host itself.
fn url(base: Option<&address::Base>, host: &str, path: &str, kind: PathMatch) -> Option<String> {
    let base = base?;
    if kind == PathMatch::Regex || (host.starts_with('*') && host != "*") {
        return None;
    }
    let host = if host == "*" { base.host.as_str() } else { host };
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Some(format!("{}://{host}:{}{path}", base.scheme, base.port))
}

#[cfg(test)]
mod tests;
