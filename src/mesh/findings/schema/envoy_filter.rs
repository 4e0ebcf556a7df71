//! Istio's validation of EnvoyFilters, without decoding what the patches hold.

use super::vocabulary::{regex_problem, workload_selector};
use super::{Issues, Node};

/// Names of filters that Envoy has renamed.
const RENAMED: &[(&str, &str)] = &[
    ("envoy.buffer", "envoy.filters.http.buffer"),
    ("envoy.cors", "envoy.filters.http.cors"),
    ("envoy.csrf", "envoy.filters.http.csrf"),
    ("envoy.ext_authz", "envoy.filters.http.ext_authz"),
    ("envoy.fault", "envoy.filters.http.fault"),
    ("envoy.grpc_http1_bridge", "envoy.filters.http.grpc_http1_bridge"),
    ("envoy.grpc_json_transcoder", "envoy.filters.http.grpc_json_transcoder"),
    ("envoy.grpc_web", "envoy.filters.http.grpc_web"),
    ("envoy.gzip", "envoy.filters.http.gzip"),
    ("envoy.health_check", "envoy.filters.http.health_check"),
    ("envoy.http_connection_manager", "envoy.filters.network.http_connection_manager"),
    ("envoy.ip_tagging", "envoy.filters.http.ip_tagging"),
    ("envoy.listener.original_dst", "envoy.filters.listener.original_dst"),
    ("envoy.listener.proxy_protocol", "envoy.filters.listener.proxy_protocol"),
    ("envoy.listener.tls_inspector", "envoy.filters.listener.tls_inspector"),
    ("envoy.lua", "envoy.filters.http.lua"),
    ("envoy.mongo_proxy", "envoy.filters.network.mongo_proxy"),
    ("envoy.ratelimit", "envoy.filters.network.ratelimit"),
    ("envoy.rate_limit", "envoy.filters.http.ratelimit"),
    ("envoy.redis_proxy", "envoy.filters.network.redis_proxy"),
    ("envoy.router", "envoy.filters.http.router"),
    ("envoy.squash", "envoy.filters.http.squash"),
    ("envoy.tcp_proxy", "envoy.filters.network.tcp_proxy"),
];

const MANAGER: &str = "envoy.filters.network.http_connection_manager";

pub(super) fn check(spec: &Node<'_>, issues: &mut Issues) {
    issues.warn(
        spec,
        "EnvoyFilter exposes internal implementation details that may change at any time. Prefer \
         other APIs if possible, and exercise extreme caution, especially around upgrades.",
    );
    if !workload_selector(spec, "Envoy filter", issues) {
        return;
    }
    for patch in spec.items("configPatches") {
        if patch.at("match").text("context") != "WAYPOINT" {
            check_patch(&patch, issues);
        }
    }
}

fn check_patch(patch: &Node<'_>, issues: &mut Issues) {
    let apply_to = patch.text("applyTo");
    if apply_to.is_empty() || apply_to == "INVALID" {
        issues.error(patch, "Envoy filter: missing applyTo");
        return;
    }
    let Some(body) = patch.get("patch") else {
        issues.error(patch, "Envoy filter: missing patch");
        return;
    };
    let operation = body.text("operation");
    if operation.is_empty() || operation == "INVALID" {
        issues.error(&body, "Envoy filter: missing patch operation");
        return;
    }
    if operation != "REMOVE" && !body.has("value") {
        issues.error(&body, "Envoy filter: missing patch value for non-remove operation");
        return;
    }
    let Some(matches) = patch.get("match") else { return };
    if let Some(proxy) = matches.get("proxy") {
        proxy_version(&proxy, issues);
    }
    match apply_to {
        "CLUSTER" => {
            other(&matches, &["listener", "routeConfiguration", "waypoint"], "cluster", issues);
        }
        "ROUTE_CONFIGURATION" | "VIRTUAL_HOST" | "HTTP_ROUTE" => {
            other(&matches, &["listener", "cluster", "waypoint"], "route", issues);
        }
        "LISTENER" | "FILTER_CHAIN" | "NETWORK_FILTER" | "HTTP_FILTER" | "LISTENER_FILTER" => {
            let fine =
                other(&matches, &["cluster", "routeConfiguration", "waypoint"], "listener", issues);
            if let Some(listener) = matches.get("listener").filter(|_| fine) {
                listener_match(&listener, apply_to, issues);
            }
        }
        _ => {}
    }
}

fn proxy_version(proxy: &Node<'_>, issues: &mut Issues) {
    let pattern = proxy.text("proxyVersion");
    let node = proxy.at("proxyVersion");
    if pattern.len() > 1024 {
        let text = "Envoy filter: proxyVersion is larger than 1024 characters";
        issues.warn(&node, text);
    } else if let Some(problem) = regex_problem(pattern) {
        issues.error(&node, format!("Envoy filter: invalid regex for proxy version, [{problem}]"));
    }
}

/// Whether the match is of the class that the patch applies to.
fn other(matches: &Node<'_>, foreign: &[&str], class: &str, issues: &mut Issues) -> bool {
    let Some(field) = foreign.iter().find(|field| matches.has(field)) else { return true };
    let text = match class {
        "route" => {
            "Envoy filter: applyTo for http route class objects cannot have non route \
             configuration match"
        }
        "cluster" => {
            "Envoy filter: applyTo for cluster class objects cannot have non cluster match"
        }
        _ => "Envoy filter: applyTo for listener class objects cannot have non listener match",
    };
    issues.error(&matches.at(field), text);
    false
}

fn renamed(filter: &Node<'_>, issues: &mut Issues) {
    let name = filter.text("name");
    if let Some((old, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
        let text = format!("using deprecated filter name {old:?}; use {new:?} instead");
        issues.warn(&filter.at("name"), text);
    }
}

fn listener_match(listener: &Node<'_>, apply_to: &str, issues: &mut Issues) {
    let Some(filter) = listener.at("filterChain").get("filter") else { return };
    if matches!(apply_to, "LISTENER" | "FILTER_CHAIN") {
        let text = format!("Envoy filter: filter match has no effect when used with {apply_to}");
        issues.warn(&filter, text);
        return;
    }
    if !filter.says("name") {
        issues.error(&filter, "Envoy filter: filter match has no name to match on");
        return;
    }
    renamed(&filter, issues);
    let Some(sub) = filter.get("subFilter") else { return };
    if apply_to != "HTTP_FILTER" {
        let text = "Envoy filter: subfilter match can be used with applyTo HTTP_FILTER only";
        issues.error(&sub, text);
        return;
    }
    if !matches!(filter.text("name"), MANAGER | "envoy.http_connection_manager") {
        let text = format!("Envoy filter: subfilter match requires filter match with {MANAGER}");
        issues.error(&sub, text);
        return;
    }
    if !sub.says("name") {
        issues.error(&sub, "Envoy filter: subfilter match has no name to match on");
    }
    renamed(&sub, issues);
}
