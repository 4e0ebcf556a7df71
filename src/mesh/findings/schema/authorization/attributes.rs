//! Attributes that conditions of AuthorizationPolicies may name, and their values.

use super::{address, port_text};

const PLAIN: &[&str] = &[
    "source.ip",
    "remote.ip",
    "source.namespace",
    "source.serviceAccount",
    "source.principal",
    "source.trustDomain",
    "request.auth.principal",
    "request.auth.audiences",
    "request.auth.presenter",
    "destination.ip",
    "destination.port",
    "connection.sni",
];

/// Attributes with a name in brackets.
const KEYED: &[&str] = &["request.headers", "request.auth.claims"];

/// Why an attribute's name is refused.
pub(super) fn key_problem(key: &str) -> Option<String> {
    if PLAIN.contains(&key) {
        return None;
    }
    if KEYED.iter().any(|keyed| key.starts_with(keyed))
        || key.starts_with("experimental.envoy.filters.")
    {
        let bracketed =
            key.split_once('[').is_some_and(|(_, rest)| rest.ends_with(']') && rest.len() > 1);
        return (!bracketed).then(|| format!("bad key ({key}): should have format a[b]"));
    }
    if key == "destination.namespace" {
        let text = "attribute destination.namespace is replaced by the metadata.namespace";
        return Some(text.into());
    }
    let by_selector = ["destination.user", "destination.name", "destination.labels"];
    if by_selector.iter().any(|old| key.starts_with(old)) {
        return Some(format!("attribute {key} is replaced by the workload selector"));
    }
    Some(format!("unknown attribute: {key}"))
}

/// Why a value is refused for an attribute that is known.
pub(super) fn value_problem(key: &str, value: &str) -> Option<String> {
    match key {
        "source.ip" | "remote.ip" | "destination.ip" => address(value),
        "destination.port" => port_text(value),
        _ => None,
    }
}

/// Attributes that an external authoriser does not get.
pub(super) fn is_identity(key: &str) -> bool {
    matches!(
        key,
        "source.namespace" | "source.serviceAccount" | "source.trustDomain" | "source.principal"
    ) || key.starts_with("request.auth.")
}
