//! Whether a match takes a request, and each condition of it that does not hold.

use std::sync::Arc;

use super::path::Normalization;
use super::reason::Reason;
use super::request::{Request, RequestProtocol, SourceKind};
use super::rule::{ConnectionMatch, HttpMatch, PathCondition, Text};
use crate::mesh::core::covers;
use crate::mesh::object::Labels;

/// What the proxy sees of an HTTP request.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// Normalized, without the query.
    pub path: String,
    /// Path and query as rules on `:path` see them.
    target: String,
    /// With its question mark; empty if there is none.
    pub query: &'a str,
    pub authority: &'a str,
    pub method: &'a str,
    pub scheme: &'static str,
    headers: &'a [(String, String)],
}

impl<'a> View<'a> {
    pub fn new(request: &'a Request, normalization: Normalization) -> Self {
        let at = request.path.find('?').unwrap_or(request.path.len());
        let (path, query) = request.path.split_at(at);
        let path = normalization.apply(path);
        Self {
            target: format!("{path}{query}"),
            path,
            query,
            authority: &request.host,
            method: &request.method,
            scheme: if request.protocol == RequestProtocol::Https { "https" } else { "http" },
            headers: &request.headers,
        }
    }

    /// Every value of a header, pseudo headers included.
    pub fn header(&self, name: &str) -> Vec<&str> {
        match name.to_ascii_lowercase().as_str() {
            ":method" => vec![self.method],
            ":path" => vec![&self.target],
            ":scheme" => vec![self.scheme],
            ":authority" | "host" => vec![self.authority],
            _ => {
                let same = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
                // Whitespace around a value is no part of it.
                same.map(|(_, value)| value.trim_matches([' ', '\t'])).collect()
            }
        }
    }

    /// The first value of a query parameter, not decoded.
    fn query_value(&self, name: &str) -> Option<&'a str> {
        let pairs = self.query.strip_prefix('?')?.split('&');
        let mut pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// The client as far as rules ask about it, and where the request came in.
#[derive(Debug, Clone)]
pub struct Client<'a> {
    pub kind: SourceKind,
    pub namespace: &'a str,
    pub labels: &'a Labels,
    /// The gateway whose rules are asked, or `mesh`.
    pub gateway: &'a str,
    /// The port that `match.port` is compared with.
    pub port: u32,
}

/// A condition that does not hold.
pub type Failure = (Reason, String);

/// Conditions that are decided when configuration is built, for HTTP.
///
/// If `gateways` is set and fits, labels and namespace of the source are not looked at.
pub fn static_failures(matched: &HttpMatch, client: &Client<'_>) -> Vec<Failure> {
    let mut failures = Vec::new();
    if matched.port != 0 && matched.port != client.port {
        failures.push(port_failure(matched.port, client.port));
    }
    if matched.gateways.is_empty() {
        source_failures(&matched.source_labels, &matched.source_namespace, client, &mut failures);
    } else if matched.gateways.iter().all(|name| **name != *client.gateway) {
        failures.push(gateway_failure(&matched.gateways, client));
    } else if client.kind == SourceKind::Waypoint && !matched.source_labels.is_empty() {
        failures.push(waypoint_failure());
    }
    failures
}

/// The same for `tls` and `tcp`, where all four count at a sidecar and two at a gateway.
pub fn connection_failures(matched: &ConnectionMatch, client: &Client<'_>) -> Vec<Failure> {
    let mut failures = Vec::new();
    if matched.port != 0 && matched.port != client.port {
        failures.push(port_failure(matched.port, client.port));
    }
    let elsewhere = matched.gateways.iter().all(|name| **name != *client.gateway);
    if !matched.gateways.is_empty() && elsewhere {
        failures.push(gateway_failure(&matched.gateways, client));
    }
    if client.kind != SourceKind::Gateway {
        source_failures(&matched.source_labels, &matched.source_namespace, client, &mut failures);
    }
    failures
}

fn port_failure(wanted: u32, compared: u32) -> Failure {
    (Reason::PortMismatch, format!("wants port {wanted}, compared with {compared}"))
}

fn gateway_failure(wanted: &[Arc<str>], client: &Client<'_>) -> Failure {
    let names: Vec<&str> = wanted.iter().map(AsRef::as_ref).collect();
    (Reason::GatewayMismatch, format!("only for {}, asked at {}", names.join(", "), client.gateway))
}

fn waypoint_failure() -> Failure {
    (Reason::SourceLabels, "a waypoint drops matches that have sourceLabels".to_owned())
}

fn source_failures(labels: &Labels, namespace: &str, client: &Client<'_>, out: &mut Vec<Failure>) {
    if client.kind == SourceKind::Waypoint && !labels.is_empty() {
        out.push(waypoint_failure());
    } else if !covers(labels, client.labels) {
        let wanted: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        out.push((Reason::SourceLabels, format!("wants a source labelled {}", wanted.join(","))));
    }
    if !namespace.is_empty() && namespace != client.namespace {
        let text =
            format!("wants a source in namespace {namespace}, it is in {}", client.namespace);
        out.push((Reason::SourceNamespace, text));
    }
}

/// Conditions that are looked at for every request.
pub fn runtime_failures(matched: &HttpMatch, view: &View<'_>) -> Vec<Failure> {
    let mut failures = Vec::new();
    if let Some(path) = &matched.path
        && !path_matches(path, matched.ignore_case, &view.path)
    {
        failures.push((Reason::Path, format!("wants {path}, path is {}", view.path)));
    }
    for (condition, got, reason) in [
        (&matched.scheme, view.scheme, Reason::Scheme),
        (&matched.method, view.method, Reason::Method),
        (&matched.authority, view.authority, Reason::Authority),
    ] {
        if let Some(wanted) = condition
            && !wanted.matches(got)
        {
            failures.push((reason, format!("wants {wanted}, it is \"{got}\"")));
        }
    }
    failures.extend(matched.headers.iter().filter_map(|(name, text)| header(name, text, view)));
    failures.extend(
        matched.without_headers.iter().filter_map(|(name, text)| without(name, text, view)),
    );
    failures.extend(matched.query.iter().filter_map(|(name, text)| query(name, text, view)));
    failures
}

fn path_matches(condition: &PathCondition, ignore_case: bool, path: &str) -> bool {
    let lower = |text: &str| if ignore_case { text.to_lowercase() } else { text.to_owned() };
    match condition {
        PathCondition::Exact(wanted) => lower(path) == lower(wanted),
        PathCondition::Prefix(wanted) => lower(path).starts_with(&lower(wanted)),
        PathCondition::Segments(wanted) => {
            wanted.is_empty()
                || path
                    .strip_prefix(wanted.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        PathCondition::Regex(pattern) => pattern.matches(path),
    }
}

fn is_claim(name: &str) -> bool {
    name.starts_with("@request.auth.claims")
}

fn claim(name: &str) -> Failure {
    (Reason::ClaimsUnknown, format!("needs a token with {name}, which this request does not carry"))
}

/// Each value is tried alone; one that fits is enough.
fn header(name: &str, text: &Text, view: &View<'_>) -> Option<Failure> {
    if is_claim(name) {
        return Some(claim(name));
    }
    let values = view.header(name);
    if values.iter().any(|value| text.matches(value)) {
        return None;
    }
    if values.is_empty() {
        return Some((Reason::HeaderMissing, format!("header {name} is missing, wants {text}")));
    }
    let got = values.join("\" and \"");
    Some((Reason::HeaderValue, format!("header {name} is \"{got}\", wants {text}")))
}

/// A missing header counts as an empty one, except where presence alone is asked about.
fn without(name: &str, text: &Text, view: &View<'_>) -> Option<Failure> {
    if is_claim(name) {
        return Some(claim(name));
    }
    let values = view.header(name);
    let forbidden = match text {
        Text::Present => !values.is_empty(),
        _ if values.is_empty() => text.matches(""),
        _ => values.iter().any(|value| text.matches(value)),
    };
    forbidden.then(|| (Reason::HeaderForbidden, format!("header {name} must not be {text}")))
}

fn query(name: &str, text: &Text, view: &View<'_>) -> Option<Failure> {
    match view.query_value(name) {
        None => {
            Some((Reason::QueryMissing, format!("query parameter {name} is missing, wants {text}")))
        }
        Some(value) if text.matches(value) => None,
        Some(value) => {
            let detail = format!("query parameter {name} is \"{value}\", wants {text}");
            Some((Reason::QueryValue, detail))
        }
    }
}
