//! Connection pools, of DestinationRules and of Sidecars.

use super::vocabulary::{duration, duration_field, nanoseconds};
use super::{Issues, Node};

pub(super) fn pool(pool: &Node<'_>, issues: &mut Issues) {
    if !(pool.has("http") || pool.has("tcp")) {
        issues.error(pool, "connection pool must have at least one field");
    }
    if let Some(http) = pool.get("http") {
        check_http(&http, issues);
    }
    if let Some(tcp) = pool.get("tcp") {
        check_tcp(&tcp, issues);
    }
}

fn check_http(http: &Node<'_>, issues: &mut Issues) {
    for (field, word) in [
        ("http1MaxPendingRequests", "http1 max pending requests"),
        ("http2MaxRequests", "http2 max requests"),
        ("maxRequestsPerConnection", "max requests per connection"),
        ("maxRetries", "max retries"),
        ("maxConcurrentStreams", "max concurrent streams"),
    ] {
        if http.integer(field) < 0 {
            issues.error(&http.at(field), format!("{word} must be non-negative"));
        }
    }
    duration_field(http, "idleTimeout", issues);
    if http.text("h2UpgradePolicy") == "UPGRADE" && http.flag("useClientProtocol") {
        let text = "use client protocol must not be true when H2UpgradePolicy is UPGRADE";
        issues.error(http, text);
    }
    if let Some(keepalive) = http.get("http2KeepAlive").or_else(|| http.get("http2Keepalive")) {
        for field in ["interval", "timeout"] {
            if keepalive.has(field) {
                duration_field(&keepalive, field, issues);
            } else {
                issues.error(&keepalive, format!("http2 keepalive {field} is required"));
            }
        }
    }
}

fn check_tcp(tcp: &Node<'_>, issues: &mut Issues) {
    if tcp.integer("maxConnections") < 0 {
        issues.error(&tcp.at("maxConnections"), "max connections must be non-negative");
    }
    for field in ["connectTimeout", "maxConnectionDuration"] {
        duration_field(tcp, field, issues);
    }
    // An idle time of 0 means none, and is allowed.
    let idle = tcp.text("idleTimeout");
    if nanoseconds(idle).is_some_and(|nanoseconds| nanoseconds != 0.0) {
        issues.check(&tcp.at("idleTimeout"), duration(idle));
    }
    if let Some(keepalive) = tcp.get("tcpKeepalive") {
        duration_field(&keepalive, "time", issues);
        duration_field(&keepalive, "interval", issues);
    }
}
