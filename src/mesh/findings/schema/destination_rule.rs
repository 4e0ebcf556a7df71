//! Istio's validation of DestinationRules.

use std::collections::HashSet;

use super::vocabulary::{
    duration_field, export_to, fqdn, is_dns_label, is_ip, labels, port, selector, wildcard_domain,
};
use super::{Issues, Node, connection, load_balancer};

pub(super) fn check(spec: &Node<'_>, namespace: &str, issues: &mut Issues) {
    issues.check(&spec.at("host"), wildcard_domain(spec.text("host")));
    if let Some(policy) = spec.get("trafficPolicy") {
        traffic_policy(&policy, issues);
    }
    let mut names = HashSet::new();
    for subset in spec.items("subsets") {
        check_subset(&subset, &mut names, issues);
    }
    export_to(spec, namespace, false, issues);
    if spec.has("workloadSelector") {
        let scopes = spec.items("exportTo");
        let own = |node: &Node<'_>| node.str() == "." || node.str() == namespace;
        let holder = spec.at("exportTo");
        if scopes.len() > 1 && scopes.iter().any(own) {
            let text =
                "destination rule with workload selector cannot have multiple entries in exportTo";
            issues.error(&holder, text);
        } else if !scopes.is_empty() && !scopes.iter().all(own) {
            let text = "destination rule with workload selector cannot have exportTo beyond current namespace";
            issues.error(&holder, text);
        }
        selector(spec, "workloadSelector", issues);
    }
}

fn check_subset<'a>(subset: &Node<'a>, names: &mut HashSet<&'a str>, issues: &mut Issues) {
    if subset.value.is_null() {
        issues.error(subset, "subset may not be null");
        return;
    }
    let name = subset.text("name");
    if !names.insert(name) {
        issues.error(&subset.at("name"), format!("duplicate subset names: {name}"));
    }
    if name.is_empty() {
        issues.error(subset, "subset name cannot be empty");
    } else if !is_dns_label(name) {
        issues.error(&subset.at("name"), format!("subset name is invalid: {name}"));
    }
    labels(subset, "labels", issues);
    if let Some(policy) = subset.get("trafficPolicy") {
        traffic_policy(&policy, issues);
    }
}

fn traffic_policy(policy: &Node<'_>, issues: &mut Issues) {
    const PARTS: &[&str] = &[
        "outlierDetection",
        "connectionPool",
        "loadBalancer",
        "tls",
        "portLevelSettings",
        "tunnel",
        "proxyProtocol",
        "retryBudget",
    ];
    if !PARTS.iter().any(|part| policy.has(part)) {
        issues.error(policy, "traffic policy must have at least one field");
    }
    if policy.has("tunnel") && policy.has("proxyProtocol") {
        issues.error(policy, "tunnel and proxyProtocol must not be set together");
    }
    parts(policy, issues);
    for settings in policy.items("portLevelSettings") {
        let selector = settings.get("port").filter(|p| p.integer("number") != 0);
        match selector {
            None => issues.error(&settings, "portTrafficPolicy must have valid port"),
            Some(_) if !PARTS.iter().take(4).any(|part| settings.has(part)) => {
                issues.error(&settings, "port traffic policy must have at least one field");
            }
            Some(selector) => {
                issues.check(&selector, port(selector.integer("number")));
                parts(&settings, issues);
            }
        }
    }
    if let Some(tunnel) = policy.get("tunnel") {
        check_tunnel(&tunnel, issues);
    }
    if let Some(proxy) = policy.get("proxyProtocol") {
        let version = proxy.text("version");
        if !matches!(version, "" | "V1" | "V2") {
            let text = format!("proxy protocol version is invalid: {version}");
            issues.error(&proxy.at("version"), text);
        }
    }
}

/// What a policy and the settings of a port have in common.
fn parts(policy: &Node<'_>, issues: &mut Issues) {
    if let Some(detection) = policy.get("outlierDetection") {
        outlier_detection(&detection, issues);
    }
    if let Some(pool) = policy.get("connectionPool") {
        connection::pool(&pool, issues);
    }
    if let Some(balancer) = policy.get("loadBalancer") {
        load_balancer::check(&balancer, policy.has("outlierDetection"), issues);
    }
    if let Some(tls) = policy.get("tls") {
        check_tls(&tls, issues);
    }
}

fn outlier_detection(detection: &Node<'_>, issues: &mut Issues) {
    duration_field(detection, "baseEjectionTime", issues);
    duration_field(detection, "interval", issues);
    if detection.says("consecutiveErrors") {
        issues.warn(
            &detection.at("consecutiveErrors"),
            "outlier detection consecutive errors is deprecated, use consecutiveGatewayErrors or \
             consecutive5xxErrors instead",
        );
    }
    if detection.integer("consecutiveLocalOriginFailures") > 0
        && !detection.flag("splitExternalLocalOriginErrors")
    {
        issues.error(
            detection,
            "outlier detection consecutive local origin failures is specified, but split external \
             local origin errors is set to false",
        );
    }
    for field in ["maxEjectionPercent", "minHealthPercent"] {
        let value = detection.integer(field);
        if !(0..=100).contains(&value) {
            issues
                .error(&detection.at(field), format!("percentage {value} is not in range 0..100"));
        }
    }
}

fn check_tls(tls: &Node<'_>, issues: &mut Issues) {
    let mode = tls.text("mode");
    let (ca, credential) = (tls.says("caCertificates"), tls.says("credentialName"));
    let names = tls.says("subjectAltNames");
    if tls.flag("insecureSkipVerify") {
        if mode == "SIMPLE" && (ca || credential || names) {
            issues.error(
                tls,
                "cannot specify CaCertificates or CredentialName or SubjectAltNames when \
                 InsecureSkipVerify is set true",
            );
        }
        if mode == "MUTUAL" && (ca || names) {
            issues.error(
                tls,
                "cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true",
            );
        }
    }
    if !matches!(mode, "SIMPLE" | "MUTUAL") {
        return;
    }
    let files = ["clientCertificate", "caCertificates", "privateKey", "caCrl"];
    if credential {
        if files.iter().any(|field| tls.says(field)) {
            issues.error(
                tls,
                "cannot specify client certificates or CA certificate or CA CRL If credentialName \
                 is set",
            );
        }
    } else if mode == "MUTUAL" {
        if !tls.says("clientCertificate") {
            issues.error(tls, "client certificate required for mutual tls");
        }
        if !tls.says("privateKey") {
            issues.error(tls, "private key required for mutual tls");
        }
    }
}

fn check_tunnel(tunnel: &Node<'_>, issues: &mut Issues) {
    if !matches!(tunnel.text("protocol"), "" | "CONNECT" | "POST") {
        let text = "tunnel protocol must be \"CONNECT\" or \"POST\"";
        issues.error(&tunnel.at("protocol"), text);
    }
    let host = tunnel.text("targetHost");
    if let Some(problem) = fqdn(host).filter(|_| !is_ip(host)) {
        let text = format!(
            "tunnel target host must be valid FQDN or IP address: {problem}; {host} is not a valid \
             IP"
        );
        issues.error(&tunnel.at("targetHost"), text);
    }
    if let Some(problem) = port(tunnel.integer("targetPort")) {
        let text = format!("tunnel target port is invalid: {problem}");
        issues.error(&tunnel.at("targetPort"), text);
    }
}
