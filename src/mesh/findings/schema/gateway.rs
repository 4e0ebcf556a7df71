//! Istio's validation of Gateways, and of TLS where proxies serve it.

use std::collections::{BTreeSet, HashSet};

use super::vocabulary::{is_dns_label, is_ip, port, protocol, served_name, unix_address};
use super::{Issues, Node};
use crate::mesh::findings::go_text::list;

pub(super) fn check(spec: &Node<'_>, name: &str, issues: &mut Issues) {
    if !is_dns_label(name) {
        issues.error(spec, format!("invalid gateway name: {name:?}"));
    }
    let servers = spec.items("servers");
    if servers.is_empty() {
        issues.error(spec, "gateway must have at least one server");
    }
    let mut names = HashSet::new();
    for server in &servers {
        check_server(server, issues);
        if let Some(port) = server.get("port") {
            let name = port.text("name");
            if !name.is_empty() && !names.insert(name) {
                let text = format!("port names in servers must be unique: duplicate name {name}");
                issues.error(&port.at("name"), text);
            }
        }
    }
}

fn check_server(server: &Node<'_>, issues: &mut Issues) {
    let hosts = server.items("hosts");
    if hosts.is_empty() {
        issues.error(server, "server config must contain at least one host");
    }
    for host in &hosts {
        server_host(host, issues);
    }
    let fine = server_port(server, issues);
    let tls = server.get("tls");
    if let Some(tls) = &tls {
        server_tls(tls, issues);
    }
    let Some(protocol) = protocol(server.at("port").text("protocol")).filter(|_| fine) else {
        return;
    };
    match tls {
        None if protocol.is_tls() => {
            issues.error(server, "server must have TLS settings for HTTPS/TLS protocols");
        }
        Some(tls) if protocol.is_http() && is_more_than_redirect(&tls) => {
            issues.error(&tls, "server cannot have TLS settings for plain text HTTP ports");
        }
        Some(tls) if !protocol.is_tls() && !protocol.is_http() => {
            issues.error(&tls, "server cannot have TLS settings for non HTTPS/TLS ports");
        }
        Some(tls) if !protocol.is_http() && tls.flag("httpsRedirect") => {
            issues.warn(&tls, "tls.httpsRedirect should only be used with http servers");
        }
        _ => {}
    }
}

fn is_more_than_redirect(tls: &Node<'_>) -> bool {
    let mode = tls.text("mode");
    let files = ["serverCertificate", "privateKey", "caCertificates", "credentialName"];
    !(mode.is_empty() || mode == "PASSTHROUGH") || files.iter().any(|field| tls.says(field))
}

fn server_host(host: &Node<'_>, issues: &mut Issues) {
    let text = host.str();
    let name = match text.split_once('/') {
        None => text,
        Some((namespace, name)) => {
            if namespace.is_empty() || name.is_empty() {
                let text = "config namespace and dnsName in host entry cannot be empty";
                issues.error(host, text);
                return;
            }
            if !matches!(namespace, "*" | ".") && !is_dns_label(namespace) {
                issues.error(host, format!("invalid namespace value {namespace:?} in gateway"));
            }
            name
        }
    };
    for problem in served_name(name) {
        issues.error(host, problem);
    }
}

/// Checks port and bind; whether they are fine.
fn server_port(server: &Node<'_>, issues: &mut Issues) -> bool {
    let before = issues.count();
    let bind = server.text("bind");
    let socket = bind.strip_prefix("unix://");
    let number = server.at("port").integer("number");
    match server.get("port") {
        None => issues.error(server, "port is required"),
        Some(node) => check_port(&node, number == 0 && socket.is_some(), issues),
    }
    if let Some(path) = socket {
        issues.check(&server.at("bind"), unix_address(path));
        if number != 0 {
            let text = format!("port number must be 0 for unix domain socket: {bind}");
            issues.error(&server.at("bind"), text);
        }
    } else if !bind.is_empty() && !is_ip(bind) {
        issues.error(&server.at("bind"), format!("{bind} is not a valid IP"));
    }
    issues.count() == before
}

fn check_port(node: &Node<'_>, by_socket: bool, issues: &mut Issues) {
    let text = node.text("protocol");
    let served = protocol(text).is_some_and(|protocol| {
        use crate::mesh::findings::ports::Protocol as P;
        !matches!(protocol, P::Udp | P::HttpProxy)
    });
    if !served {
        let text = format!(
            "invalid protocol {text:?}, supported protocols are HTTP, HTTP2, GRPC, GRPC-WEB, \
             MONGO, REDIS, MYSQL, TCP"
        );
        issues.error(&node.at("protocol"), text);
    }
    let number = node.integer("number");
    if !by_socket {
        issues.check(&node.at("number"), port(number));
    }
    if node.says("targetPort") {
        issues.error(&node.at("targetPort"), "targetPort has no impact on Gateways");
    }
    if !node.says("name") {
        let text = format!("port name must be set: number:{number} protocol:{text:?}");
        issues.error(node, text);
    }
}

/// TLS of a Gateway's server or of a Sidecar's ingress listener.
pub(super) fn server_tls(tls: &Node<'_>, issues: &mut Issues) {
    ciphers(tls, issues);
    let mode = match tls.text("mode") {
        "" => "PASSTHROUGH",
        mode => mode,
    };
    let sources = [
        ("serverCertificate", "server certificate"),
        ("privateKey", "private key"),
        ("caCertificates", "CA bundle"),
        ("tlsCertificates", "tlsCertificates"),
        ("credentialName", "credentialName"),
        ("credentialNames", "credentialNames"),
    ];
    if mode == "ISTIO_MUTUAL" {
        for (field, word) in sources {
            if tls.says(field) {
                let text = format!("ISTIO_MUTUAL TLS cannot have associated {word}");
                issues.error(&tls.at(field), text);
            }
        }
        return;
    }
    if mode.ends_with("PASSTHROUGH") {
        if sources.iter().any(|(field, _)| tls.says(field)) {
            issues
                .warn(tls, format!("{mode} mode does not use certificates, they will be ignored"));
        }
        return;
    }
    let by_file = tls.says("serverCertificate") || tls.says("privateKey");
    let ways = [
        by_file,
        tls.says("credentialName"),
        tls.says("credentialNames"),
        tls.says("tlsCertificates"),
    ];
    if ways.iter().filter(|way| **way).count() > 1 {
        issues.error(
            tls,
            "only one of credential_name, credential_names, server_certificate/private_key, \
             tls_certificates should be specified",
        );
    }
    certificates(tls, mode, issues);
}

fn certificates(tls: &Node<'_>, mode: &str, issues: &mut Issues) {
    if tls.text("mode") == "SIMPLE" && tls.says("caCrl") {
        issues.error(&tls.at("caCrl"), "CRL is not supported with SIMPLE TLS");
    }
    if tls.says("credentialName") || tls.says("credentialNames") {
        return;
    }
    let pairs = tls.items("tlsCertificates");
    if pairs.len() > 2 {
        issues.warn(
            &tls.at("tlsCertificates"),
            format!("{mode} TLS can support up to 2 server certificates"),
        );
    }
    let holders = if pairs.is_empty() { vec![tls.clone()] } else { pairs };
    for holder in holders {
        if !holder.says("serverCertificate") {
            issues.error(&holder, format!("{mode} TLS requires a server certificate"));
        }
        if !holder.says("privateKey") {
            issues.error(&holder, format!("{mode} TLS requires a private key"));
        }
    }
    if mode.ends_with("MUTUAL") && !tls.says("caCertificates") {
        issues.error(tls, format!("{mode} TLS requires a client CA bundle"));
    }
}

const CIPHERS: &[&str] = &[
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
];

fn ciphers(tls: &Node<'_>, issues: &mut Issues) {
    let suites = tls.items("cipherSuites");
    if matches!(tls.text("minProtocolVersion"), "TLSV1_0" | "TLSV1_1") && suites.is_empty() {
        issues.warn(
            &tls.at("minProtocolVersion"),
            "TLS version below TLSV1_2 require setting compatible ciphers as by default they no \
             longer include compatible ciphers.",
        );
    }
    let (mut seen, mut unknown, mut repeated) = (HashSet::new(), BTreeSet::new(), BTreeSet::new());
    for suite in suites.iter().map(Node::str) {
        let is_name = suite.starts_with(|c: char| c.is_ascii_alphanumeric()) && suite != "ALL";
        if is_name && !CIPHERS.contains(&suite) {
            unknown.insert(suite);
        } else if !seen.insert(suite) {
            repeated.insert(suite);
        }
    }
    let node = tls.at("cipherSuites");
    if !unknown.is_empty() {
        issues.warn(&node, format!("ignoring invalid cipher suites: {}", list(unknown)));
    }
    if !repeated.is_empty() {
        issues.warn(&node, format!("ignoring duplicate cipher suites: {}", list(repeated)));
    }
}
