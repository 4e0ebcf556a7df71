//! Istio's validation of ServiceEntries.

use std::collections::HashSet;

use super::vocabulary::{
    export_to, fqdn, is_dns_label, is_ip, port, protocol, subnet, unix_address, wildcard_domain,
    workload_selector,
};
use super::{Issues, Node, workload};
use crate::mesh::findings::ports::Protocol;

pub(super) fn check(spec: &Node<'_>, namespace: &str, issues: &mut Issues) {
    if !workload_selector(spec, "service entry", issues) {
        return;
    }
    if spec.has("workloadSelector") && spec.says("endpoints") {
        let text = "only one of WorkloadSelector or Endpoints is allowed in Service Entry";
        issues.error(spec, text);
    }
    let resolution = match spec.text("resolution") {
        "" => "NONE",
        resolution => resolution,
    };
    hosts(spec, resolution, issues);
    addresses(spec, resolution, issues);
    ports(spec, resolution, issues);
    match resolution {
        "NONE" => {
            if spec.says("endpoints") {
                let text = "no endpoints should be provided for resolution type none";
                issues.error(&spec.at("endpoints"), text);
            }
            if spec.has("workloadSelector") {
                let text = "workloadSelector should not be set when resolution mode is NONE";
                issues.warn(&spec.at("workloadSelector"), text);
            }
        }
        "STATIC" => fixed(spec, issues),
        "DNS" | "DNS_ROUND_ROBIN" => by_name(spec, resolution, issues),
        "DYNAMIC_DNS" => dynamic(spec, issues),
        _ => {}
    }
    let protocols = protocols(spec);
    if resolution != "NONE"
        && spec.items("hosts").len() > 1
        && protocols.iter().any(|(_, protocol)| {
            !protocol.is_some_and(|protocol| protocol.is_http() || protocol.is_tls())
        })
    {
        issues.error(spec, "multiple hosts provided with non-HTTP, non-TLS ports");
    }
    export_to(spec, namespace, true, issues);
}

fn protocols<'a>(spec: &Node<'a>) -> Vec<(Node<'a>, Option<Protocol>)> {
    let ports = spec.items("ports").into_iter();
    ports.map(|port| (port.clone(), protocol(port.text("protocol")))).collect()
}

fn hosts(spec: &Node<'_>, resolution: &str, issues: &mut Issues) {
    let hosts = spec.items("hosts");
    if hosts.is_empty() {
        issues.error(spec, "service entry must have at least one host");
    }
    for host in &hosts {
        let name = host.str();
        if name == "*" {
            issues.error(host, format!("invalid host {name}"));
            continue;
        }
        issues.check(host, wildcard_domain(name));
        let partial = name.starts_with('*') && !name.starts_with("*.");
        if partial && resolution != "DYNAMIC_DNS" {
            issues.warn(host, format!("partial wildcard {name:?} not allowed"));
        }
    }
}

fn addresses(spec: &Node<'_>, resolution: &str, issues: &mut Issues) {
    for address in spec.items("addresses") {
        let text = address.str();
        issues.check(&address, subnet(text));
        if text.contains('/') && !matches!(resolution, "NONE" | "STATIC") {
            let text = "CIDR addresses are allowed only for NONE/STATIC resolution types";
            issues.error(&address, text);
        }
    }
}

fn ports(spec: &Node<'_>, resolution: &str, issues: &mut Issues) {
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for node in spec.items("ports") {
        let (name, number) = (node.text("name"), node.integer("number"));
        if !names.insert(name) {
            let text = format!("service entry port name {name:?} already defined");
            issues.error(&node.at("name"), text);
        }
        if !numbers.insert(number) {
            let text = format!("service entry port {number} already defined");
            issues.error(&node.at("number"), text);
        }
        let written = node.text("protocol");
        if !spec.says("addresses") && resolution == "NONE" && matches!(written, "" | "TCP") {
            issues.warn(
                &node,
                "addresses are required for ports serving TCP (or unset) protocol when IP \
                 Autoallocation is not enabled",
            );
        }
        if !(is_dns_label(name)) {
            issues.error(&node.at("name"), format!("invalid port name: {name}"));
        }
        if !written.is_empty() && protocol(written).is_none() {
            issues.error(&node.at("protocol"), format!("unsupported protocol: {written}"));
        }
        issues.check(&node.at("number"), port(number));
        if node.says("targetPort") {
            issues.check(&node.at("targetPort"), port(node.integer("targetPort")));
        }
    }
}

/// Ports of endpoints have to be ports of the entry.
fn endpoint_ports(spec: &Node<'_>, endpoint: &Node<'_>, issues: &mut Issues) {
    let names: Vec<&str> = spec.items("ports").iter().map(|port| port.text("name")).collect();
    for (name, node) in endpoint.entries("ports") {
        if !names.contains(&name) {
            let text = format!("endpoint port {name} is not defined by the service entry");
            issues.error(&node, text);
        }
    }
}

fn fixed(spec: &Node<'_>, issues: &mut Issues) {
    let mut by_socket = false;
    for endpoint in spec.items("endpoints") {
        let address = endpoint.text("address");
        if let Some(path) = address.strip_prefix("unix://") {
            by_socket = true;
            issues.check(&endpoint.at("address"), unix_address(path));
            if endpoint.says("ports") {
                let text = format!("unix endpoint {address} must not include ports");
                issues.error(&endpoint.at("ports"), text);
            }
        } else {
            let unset = address.is_empty() && endpoint.says("network");
            if !unset && !is_ip(address) {
                let text = format!("endpoint address {address:?} is not a valid IP address");
                issues.error(&endpoint.at("address"), text);
            }
            endpoint_ports(spec, &endpoint, issues);
            workload::ports_and_labels(&endpoint, issues);
        }
    }
    if by_socket && spec.items("ports").len() != 1 {
        issues.error(spec, "exactly 1 service port required for unix endpoints");
    }
}

fn by_name(spec: &Node<'_>, resolution: &str, issues: &mut Issues) {
    let endpoints = spec.items("endpoints");
    let hosts = spec.items("hosts");
    if endpoints.is_empty() {
        let problem = hosts.iter().find_map(|host| Some((host, fqdn(host.str())?)));
        if let Some((host, problem)) = problem {
            let text = format!(
                "hosts must be FQDN or contain only prefix wildcards if no endpoints are provided \
                 for resolution mode {resolution}, {problem}"
            );
            issues.error(host, text);
        }
    }
    if resolution == "DNS_ROUND_ROBIN" && endpoints.len() > 1 {
        let text = "there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN";
        issues.error(&spec.at("endpoints"), text);
    }
    for endpoint in &endpoints {
        let address = endpoint.text("address");
        let unset = address.is_empty() && endpoint.says("network");
        if !unset && fqdn(address).is_some() && !is_ip(address) {
            let text = format!("endpoint address {address:?} is not a valid FQDN or an IP address");
            issues.error(&endpoint.at("address"), text);
        }
        endpoint_ports(spec, endpoint, issues);
        workload::ports_and_labels(endpoint, issues);
    }
    let tcp = protocols(spec)
        .into_iter()
        .find(|(_, protocol)| protocol.is_some_and(Protocol::is_tcp_class));
    if let Some((node, _)) = tcp.filter(|_| spec.says("addresses") && hosts.len() > 1) {
        issues.warn(
            &node,
            "service entry can not have more than one host specified simultaneously with address \
             and tcp port",
        );
    }
}

fn dynamic(spec: &Node<'_>, issues: &mut Issues) {
    for host in spec.items("hosts") {
        if !host.str().starts_with('*') {
            issues.error(&host, "host must be wildcarded for resolution mode DYNAMIC_DNS");
        }
    }
    if spec.says("addresses") {
        issues.error(
            &spec.at("addresses"),
            "addresses cannot be set for resolution type DYNAMIC_DNS. HTTP route domains will \
             only be generatedfrom the hosts field values",
        );
    }
    if spec.says("endpoints") {
        issues.error(
            &spec.at("endpoints"),
            "endpoints cannot be set for resolution type DYNAMIC_DNS. Destination IP address \
             determined from hostsfield values",
        );
    }
    for (node, protocol) in protocols(spec) {
        use Protocol as P;
        if !matches!(protocol, Some(P::Http | P::Tls | P::Grpc | P::Http2)) {
            issues.error(
                &node.at("protocol"),
                "only HTTP, TLS, GRPC, and HTTP2 protocols are supported for resolution type \
                 DYNAMIC_DNS",
            );
        }
    }
}
