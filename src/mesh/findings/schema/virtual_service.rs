//! Istio's validation of VirtualServices.

use super::vocabulary::{
    duration_field, export_to, fqdn, is_dns_label, is_ip, labels, port, subnet, wildcard_domain,
};
use super::{Issues, Node, reachability};
use crate::mesh::findings::go_text::{joined, list};
use crate::mesh::findings::rules::is_claim;
use crate::mesh::host;

mod http;
mod http_match;

pub(super) fn check(spec: &Node<'_>, namespace: &str, issues: &mut Issues) {
    let hosts = spec.items("hosts");
    let gateways = spec.items("gateways");
    let is_delegate = hosts.is_empty();
    if is_delegate {
        for (field, word) in [("gateways", "gateways"), ("tls", "tls route"), ("tcp", "tcp route")]
        {
            if spec.says(field) {
                let text = format!("delegate virtual service must have no {word} specified");
                issues.error(&spec.at(field), text);
            }
        }
    }
    gateway_names(&gateways, issues);
    let gateway_only = !gateways.is_empty() && gateways.iter().all(|name| name.str() != "mesh");
    if !gateway_only {
        claims(spec, &gateways, issues);
    }
    check_hosts(spec, &hosts, gateway_only, issues);
    if !(spec.says("http") || spec.says("tls") || spec.says("tcp")) {
        issues.error(spec, "http, tcp or tls must be provided in virtual service");
    }
    for rule in spec.items("http") {
        http::check(&rule, is_delegate, issues);
    }
    let names: Vec<&str> = hosts.iter().map(Node::str).collect();
    for rule in spec.items("tls") {
        tls(&rule, &names, issues);
    }
    for rule in spec.items("tcp") {
        tcp(&rule, issues);
    }
    export_to(spec, namespace, false, issues);
    reachability::check(spec, issues);
}

/// Names of gateways; after one in the old form the rest is not looked at, as in Istio.
fn gateway_names(names: &[Node<'_>], issues: &mut Issues) {
    for node in names {
        let name = node.str();
        let Some((namespace, gateway)) = name.split_once('/') else {
            if let Some((first, rest)) = name.split_once('.') {
                issues.warn(
                    node,
                    format!(
                        "using legacy gatewayName format {name:?}; prefer the <namespace>/<name> \
                         format: \"{rest}/{first}\""
                    ),
                );
            }
            issues.check(node, fqdn(name));
            return;
        };
        if namespace.is_empty() || gateway.is_empty() {
            issues.error(node, "config namespace and gateway name cannot be empty");
        }
        if !is_dns_label(namespace) {
            issues.error(node, format!("invalid value for namespace: {namespace:?}"));
        }
        if !is_dns_label(gateway) {
            issues.error(node, format!("invalid value for gateway name: {gateway:?}"));
        }
    }
}

fn claims(spec: &Node<'_>, gateways: &[Node<'_>], issues: &mut Issues) {
    for rule in spec.items("http") {
        for matches in rule.items("match") {
            for field in ["headers", "withoutHeaders"] {
                for (name, header) in
                    matches.entries(field).into_iter().filter(|(n, _)| is_claim(n))
                {
                    issues.error(
                        &header,
                        format!(
                            "JWT claim based routing (key: {name}) is only supported for gateway, \
                             found no gateways: {}",
                            list(gateways.iter().map(Node::str))
                        ),
                    );
                }
            }
        }
    }
}

fn check_hosts(spec: &Node<'_>, hosts: &[Node<'_>], gateway_only: bool, issues: &mut Issues) {
    let by_sni = gateway_only
        && spec.items("tls").iter().any(|r| r.items("match").iter().any(|m| m.says("sniHosts")));
    let mut valid = true;
    for node in hosts {
        let name = node.str();
        let problem = if by_sni && name.starts_with("outbound_") {
            outbound(name)
        } else {
            wildcard_domain(name).filter(|_| !is_ip(name))
        };
        if let Some(problem) = problem {
            valid = false;
            issues.error(node, problem);
        } else if !gateway_only && name == "*" {
            valid = false;
            let text =
                "wildcard host * is not allowed for virtual services bound to the mesh gateway";
            issues.error(node, text);
        }
    }
    if !valid {
        return;
    }
    for (i, one) in hosts.iter().enumerate() {
        for other in hosts.iter().skip(i + 1) {
            if host::overlap(one.str(), other.str()) {
                let text =
                    format!("duplicate hosts in virtual service: {} & {}", one.str(), other.str());
                issues.error(other, text);
            }
        }
    }
}

/// `outbound_.PORT_.SUBSET_.HOST`, as sidecars name hosts on the way through gateways.
fn outbound(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.splitn(4, "_.").collect();
    match parts.as_slice() {
        [_, _, subset, host] if subset.is_empty() || is_dns_label(subset) => wildcard_domain(host),
        _ => wildcard_domain(name),
    }
}

fn tls(rule: &Node<'_>, hosts: &[&str], issues: &mut Issues) {
    let matches = rule.items("match");
    if matches.is_empty() {
        issues.error(rule, "TLS route must have at least one match condition");
    }
    for one in &matches {
        let names = one.items("sniHosts");
        if names.is_empty() {
            issues.error(one, "TLS match must have at least one SNI host");
        }
        for node in names {
            sni(&node, hosts, issues);
        }
        layer_four(one, issues);
    }
    routes(rule, "TLS route is required", issues);
}

fn sni(node: &Node<'_>, hosts: &[&str], issues: &mut Issues) {
    let name = node.str();
    if is_ip(name) {
        issues.warn(
            node,
            format!(
                "using an IP address ({name:?}) goes against SNI spec and most clients do not \
                 support this"
            ),
        );
    } else if let Some(problem) = wildcard_domain(name) {
        issues.error(node, problem);
        return;
    }
    if !hosts.iter().any(|host| host::covers(host, name)) {
        issues.error(
            node,
            format!(
                "SNI host {name:?} is not a compatible subset of any of the virtual service \
                 hosts: [{}]",
                joined(hosts, ", ")
            ),
        );
    }
}

fn tcp(rule: &Node<'_>, issues: &mut Issues) {
    for one in rule.items("match") {
        layer_four(&one, issues);
    }
    routes(rule, "TCP route is required", issues);
}

fn layer_four(one: &Node<'_>, issues: &mut Issues) {
    for network in one.items("destinationSubnets") {
        issues.check(&network, subnet(network.str()));
    }
    if one.says("port") {
        issues.check(&one.at("port"), port(one.integer("port")));
    }
    labels(one, "sourceLabels", issues);
    gateway_names(&one.items("gateways"), issues);
}

fn routes(rule: &Node<'_>, missing: &str, issues: &mut Issues) {
    let routes = rule.items("route");
    if routes.is_empty() {
        issues.error(rule, missing);
    }
    weights(rule, &routes, issues);
    for route in &routes {
        match route.get("destination") {
            Some(target) => destination(&target, issues),
            None => issues.error(route, "destination is required"),
        }
    }
}

fn weights(rule: &Node<'_>, routes: &[Node<'_>], issues: &mut Issues) {
    let mut total = 0;
    for route in routes {
        let weight = route.integer("weight");
        if weight < 0 {
            issues.error(&route.at("weight"), format!("weight {weight} < 0"));
        }
        total += weight;
    }
    if routes.len() > 1 && total == 0 {
        issues.error(&rule.at("route"), "total destination weight = 0");
    }
}

fn destination(target: &Node<'_>, issues: &mut Issues) {
    let host = target.text("host");
    if host == "*" {
        issues.error(&target.at("host"), format!("invalid destination host {host}"));
    } else {
        issues.check(&target.at("host"), wildcard_domain(host));
    }
    let subset = target.text("subset");
    if !(subset.is_empty() || is_dns_label(subset)) {
        issues.error(&target.at("subset"), format!("subset name is invalid: {subset}"));
    }
    if let Some(selector) = target.get("port") {
        issues.check(&selector.at("number"), port(selector.integer("number")));
    }
}

/// What http rules and their matches share with the others.
fn timeout(rule: &Node<'_>, issues: &mut Issues) {
    duration_field(rule, "timeout", issues);
}
