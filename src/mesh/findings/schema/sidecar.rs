//! Istio's validation of Sidecars.

use std::collections::HashSet;

use super::vocabulary::{
    fqdn, is_dns_label, is_ip, port, protocol, served_name, unix_address, workload_selector,
};
use super::{Issues, Node, connection, gateway};
use crate::mesh::findings::ports::Protocol;

pub(super) fn check(spec: &Node<'_>, namespace: &str, issues: &mut Issues) {
    if !workload_selector(spec, "sidecar", issues) {
        return;
    }
    let parts = ["egress", "ingress", "outboundTrafficPolicy", "inboundConnectionPool"];
    if !parts
        .iter()
        .any(|part| spec.says(part) || (spec.has(part) && spec.at(part).value.is_object()))
    {
        issues.error(spec, "sidecar: empty configuration provided");
        return;
    }
    let mut ports = HashSet::new();
    for listener in spec.items("ingress") {
        ingress(&listener, &mut ports, issues);
    }
    if let Some(pool) = spec.get("inboundConnectionPool") {
        connection::pool(&pool, issues);
    }
    let listeners = spec.items("egress");
    let mut open = false;
    let mut ports = HashSet::new();
    for (i, listener) in listeners.iter().enumerate() {
        if listener.has("port") {
            egress_port(listener, &mut ports, issues);
        } else {
            if i + 1 != listeners.len() {
                let text = "sidecar: the egress listener with empty port should be the last \
                            listener in the list";
                issues.error(listener, text);
            }
            if open {
                issues
                    .error(listener, "sidecar: egress can have only one listener with empty port");
            }
            open = true;
            bind(listener, issues);
        }
        let hosts = listener.items("hosts");
        if hosts.is_empty() {
            issues.error(listener, "sidecar: egress listener must contain at least one host");
        }
        Seen::default().hosts(&hosts, namespace, issues);
    }
    if let Some(policy) = spec.get("outboundTrafficPolicy") {
        outbound(&policy, issues);
    }
}

fn bind(listener: &Node<'_>, issues: &mut Issues) {
    let bind = listener.text("bind");
    if let Some(path) = bind.strip_prefix("unix://") {
        issues.check(&listener.at("bind"), unix_address(path));
    } else if !bind.is_empty() && !is_ip(bind) {
        issues.error(&listener.at("bind"), format!("{bind} is not a valid IP"));
    }
}

fn check_port(node: &Node<'_>, by_socket: bool, issues: &mut Issues) {
    let name = node.text("name");
    if !(name.is_empty() || is_dns_label(name)) {
        issues.error(&node.at("name"), format!("invalid port name: {name}"));
    }
    let text = node.text("protocol");
    if !text.is_empty() && protocol(text).is_none() {
        issues.error(&node.at("protocol"), format!("unsupported protocol: {text}"));
    }
    if !by_socket {
        issues.check(&node.at("number"), port(node.integer("number")));
    }
}

fn ingress(listener: &Node<'_>, ports: &mut HashSet<i64>, issues: &mut Issues) {
    let Some(node) = listener.get("port") else {
        issues.error(listener, "sidecar: port is required for ingress listeners");
        return;
    };
    if node.says("targetPort") {
        issues.error(&node.at("targetPort"), "targetPort has no impact on Sidecars");
    }
    check_port(&node, false, issues);
    bind(listener, issues);
    if !ports.insert(node.integer("number")) {
        issues.error(&node, "sidecar: ports on IP bound listeners must be unique");
    }
    if listener.says("defaultEndpoint") {
        default_endpoint(&listener.at("defaultEndpoint"), issues);
    }
    if let Some(tls) = listener.get("tls") {
        ingress_tls(&tls, node.text("protocol"), issues);
    }
    if let Some(pool) = listener.get("connectionPool") {
        connection::pool(&pool, issues);
        let written = node.text("protocol");
        if pool.has("http") && !protocol(written).is_some_and(Protocol::is_http) {
            let text = format!(
                "sidecar: HTTP connection pool settings are configured for port {} ({:?}) but its \
                 protocol is not HTTP ({written}); only TCP settings will apply",
                node.integer("number"),
                node.text("name")
            );
            issues.warn(&pool, text);
        }
    }
}

fn default_endpoint(node: &Node<'_>, issues: &mut Issues) {
    let text = node.str();
    if let Some(path) = text.strip_prefix("unix://") {
        issues.check(node, unix_address(path));
        return;
    }
    let (host, number) = match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        Some(parts) => parts,
        None => text.rsplit_once(':').unwrap_or((text, "")),
    };
    if !matches!(host, "127.0.0.1" | "0.0.0.0" | "::1" | "::" | "") {
        issues.error(
            node,
            "sidecar: defaultEndpoint must be of form \
             127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset",
        );
        return;
    }
    match number.parse() {
        Ok(number) => issues.check(node, port(number)),
        Err(_) => {
            issues.error(node, format!("sidecar: defaultEndpoint port {number:?} is invalid"));
        }
    }
}

fn ingress_tls(tls: &Node<'_>, written: &str, issues: &mut Issues) {
    for (field, word) in [
        ("subjectAltNames", "subjectAltNames is not supported in ingress tls"),
        ("httpsRedirect", "httpsRedirect is not supported"),
        ("credentialName", "credentialName is not currently supported"),
    ] {
        if tls.says(field) {
            issues.error(&tls.at(field), format!("sidecar: {word}"));
        }
    }
    let mode = tls.text("mode");
    if matches!(mode, "ISTIO_MUTUAL" | "AUTO_PASSTHROUGH") {
        let text =
            format!("configuration is invalid: cannot set mode to {mode} in sidecar ingress tls");
        issues.error(&tls.at("mode"), text);
    }
    if !protocol(written).is_some_and(Protocol::is_tls) {
        issues.error(tls, "server cannot have TLS settings for non HTTPS/TLS ports");
    }
    gateway::server_tls(tls, issues);
}

fn egress_port(listener: &Node<'_>, ports: &mut HashSet<i64>, issues: &mut Issues) {
    let node = listener.at("port");
    let number = node.integer("number");
    let socket = listener.text("bind").starts_with("unix://");
    if number == 0 {
        if !socket {
            let text = "sidecar: ports with 0 value must have a unix domain socket bind address";
            issues.error(&node, text);
        }
        if socket && !matches!(listener.text("captureMode"), "" | "DEFAULT" | "NONE") {
            let text = "sidecar: captureMode must be DEFAULT/NONE for unix domain socket listeners";
            issues.error(listener, text);
        }
    } else if !ports.insert(number) {
        issues.error(&node, "sidecar: ports on IP bound listeners must be unique");
    }
    check_port(&node, number == 0, issues);
    bind(listener, issues);
}

/// The hosts that an egress listener named so far.
#[derive(Default)]
struct Seen<'a> {
    hosts: HashSet<(&'a str, &'a str)>,
}

impl<'a> Seen<'a> {
    fn hosts(&mut self, hosts: &[Node<'a>], own: &'a str, issues: &mut Issues) {
        for host in hosts {
            let Some((namespace, name)) = host.str().split_once('/') else {
                issues.error(host, "host must be of form namespace/dnsName");
                continue;
            };
            let bare = namespace.strip_prefix('~').unwrap_or(namespace);
            if !matches!(bare, "" | "*" | ".") && !is_dns_label(bare) {
                issues.error(host, format!("invalid namespace value {namespace:?} in sidecar"));
            }
            for problem in served_name(name) {
                issues.error(host, problem);
            }
            self.repeats(host, if namespace == "." { own } else { namespace }, name, issues);
        }
        let all = hosts.iter().find(|host| host.str() == "*/*");
        if let Some(all) = all.filter(|_| hosts.len() > 1 && self.has_others()) {
            issues.warn(all, "`*/*` host select all resources, no other hosts can be added");
        }
    }

    fn has_others(&self) -> bool {
        self.hosts.iter().any(|(namespace, _)| *namespace != "*")
    }

    fn repeats(&mut self, host: &Node<'a>, namespace: &'a str, name: &'a str, issues: &mut Issues) {
        let known = self.hosts.contains(&(namespace, name))
            || self.hosts.contains(&(namespace, "*"))
            || (name == "*" && self.hosts.iter().any(|(known, _)| *known == namespace));
        if known {
            issues.warn(host, format!("duplicated egress host: {}", host.str()));
        }
        self.hosts.insert((namespace, name));
    }
}

fn outbound(policy: &Node<'_>, issues: &mut Issues) {
    let mode = policy.text("mode");
    if mode == "ALLOW_ANY_DYNAMIC_DNS" {
        let text = "sidecar: ALLOW_ANY_DYNAMIC_DNS mode is only supported in MeshConfig, not in \
                    Sidecar resource";
        issues.error(&policy.at("mode"), text);
    }
    let Some(proxy) = policy.get("egressProxy") else { return };
    if mode != "ALLOW_ANY" {
        let text =
            "sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode";
        issues.error(&proxy, text);
    }
    issues.check(&proxy.at("host"), fqdn(proxy.text("host")));
    match proxy.get("port") {
        None => issues.error(&proxy, "sidecar: egress_proxy port must be non-nil"),
        Some(selector) => issues.check(&selector, port(selector.integer("number"))),
    }
}
