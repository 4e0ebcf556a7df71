//! Proxy configuration as pods give it in `proxy.istio.io/config`.

use serde_json::Value;

use super::fields;
use super::vocabulary::{duration, fqdn, is_ip, port};

/// Every problem of a proxy configuration, laid over Istio's defaults.
pub fn problems(config: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (field, word) in [("proxyAdminPort", "proxy admin port"), ("statusPort", "status port")] {
        let number = fields::of(config, field).as_i64();
        if let Some(problem) = number.and_then(port) {
            found.push(format!("invalid {word}: {problem}"));
        }
    }
    for (field, word) in [("discoveryAddress", "discovery"), ("statsdUdpAddress", "statsd udp")] {
        let text = fields::text(config, field);
        if let Some(problem) = Some(text).filter(|text| !text.is_empty()).and_then(address) {
            found.push(format!("invalid {word} address: {problem}"));
        }
    }
    let drain = fields::text(config, "drainDuration");
    if let Some(problem) = Some(drain).filter(|drain| !drain.is_empty()).and_then(duration) {
        found.push(format!("invalid drain duration: {problem}"));
    }
    found
}

/// `host:port`.
fn address(text: &str) -> Option<String> {
    let Some((host, number)) = text.rsplit_once(':') else {
        return Some(format!("unable to split {text:?}: address {text}: missing port in address"));
    };
    if fqdn(host).is_some() && !is_ip(host) {
        return Some(format!("{host:?} is not a valid hostname or an IP address"));
    }
    number.parse().ok().and_then(port)
}
