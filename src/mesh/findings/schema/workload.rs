//! Istio's validation of WorkloadEntries and WorkloadGroups.

use super::vocabulary::{fqdn, is_dns_label, is_ip, labels, multi_error, port, unix_address};
use super::{Issues, Node};

pub(super) fn entry(spec: &Node<'_>, issues: &mut Issues) {
    let address = spec.text("address");
    if address.is_empty() {
        match spec.text("network") {
            "" => {
                issues.error(spec, "address is required");
                return;
            }
            network => {
                let text = format!("address is unset with network {network:?}");
                issues.warn(spec, text);
            }
        }
    } else if let Some(path) = address.strip_prefix("unix://") {
        issues.check(&spec.at("address"), unix_address(path));
        if spec.says("ports") {
            let text = format!("unix endpoint {address} must not include ports");
            issues.error(&spec.at("ports"), text);
        }
    } else if fqdn(address).is_some() && !is_ip(address) {
        let text = format!("endpoint address {address:?} is not a valid FQDN or an IP address");
        issues.error(&spec.at("address"), text);
    }
    ports_and_labels(spec, issues);
}

/// What endpoints of ServiceEntries and WorkloadEntries have in common.
pub(super) fn ports_and_labels(spec: &Node<'_>, issues: &mut Issues) {
    for (name, node) in spec.entries("ports") {
        if !is_dns_label(name) {
            issues.error(&node, format!("invalid port name: {name}"));
        }
        issues.check(&node, port(node.value.as_i64().unwrap_or_default()));
    }
    labels(spec, "labels", issues);
}

pub(super) fn group(spec: &Node<'_>, issues: &mut Issues) {
    if !spec.has("template") {
        issues.error(spec, "template is required");
        return;
    }
    if let Some(metadata) = spec.get("metadata") {
        let mut own = Issues::default();
        labels(&metadata, "labels", &mut own);
        let problems: Vec<String> = own.into_inner().into_iter().map(|issue| issue.text).collect();
        if let Some(text) = multi_error(&problems) {
            issues.error(&metadata.at("labels"), format!("invalid labels: {text}"));
        }
    }
    if let Some(probe) = spec.get("probe") {
        check_probe(&probe, issues);
    }
}

fn check_probe(probe: &Node<'_>, issues: &mut Issues) {
    const NUMBERS: &[&str] = &[
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ];
    for field in NUMBERS {
        if probe.integer(field) < 0 {
            issues.error(&probe.at(field), format!("{field} must be non-negative"));
        }
    }
    if let Some(http) = probe.get("httpGet") {
        issues.check(&http.at("port"), port(http.integer("port")));
        if !matches!(http.text("scheme"), "" | "HTTP" | "HTTPS") {
            let text = "httpGet.scheme must be one of \"HTTPS\", \"HTTP\"";
            issues.error(&http.at("scheme"), text);
        }
        for header in http.items("httpHeaders") {
            let name = header.text("name");
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                issues.error(&header, format!("invalid HTTP header name {name:?}"));
            }
        }
    } else if let Some(tcp) = probe.get("tcpSocket") {
        issues.check(&tcp.at("port"), port(tcp.integer("port")));
    } else if let Some(exec) = probe.get("exec") {
        if !exec.says("command") {
            issues.error(&exec, "exec.command is required");
        }
    } else if !probe.has("grpc") {
        issues.error(probe, "unknown health check method <nil>");
    }
}
