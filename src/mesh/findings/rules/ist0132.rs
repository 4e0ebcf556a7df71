//! IST0132: a gateway that serves none of the hosts.

use super::super::Level;
use super::super::go_text::list;
use super::super::index::Index;
use super::super::index::hosts::gateway_named;
use super::super::rule::{Check, Example, Rule, Sink};
use super::ist0165::is_internal;
use crate::mesh::host;
use crate::mesh::kind::Kind;
use crate::mesh::object::Key;

pub(super) const RULE: Rule = Rule {
    code: "IST0132",
    title: "VirtualServiceHostNotFoundInGateway",
    level: Level::Warning,
    kinds: &[Kind::VirtualService],
    why: "The gateway serves none of the hosts of the VirtualService, so none of its rules act \
          there.",
    remedy: "Add a host to a server of the gateway, or name another gateway.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0132/",
    differs: "",
    needs: &[Kind::Gateway],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [bank.example.com], gateways: [door], http: [{route: [{destination: {host: bank}}]}]}
",
        good: r#"
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*.example.com"]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [bank.example.com], gateways: [door], http: [{route: [{destination: {host: bank}}]}]}
"#,
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for service in index.virtual_services() {
        let own = &service.meta.namespace;
        let hosts = &service.spec.hosts;
        for (i, written) in service.spec.gateways.iter().enumerate() {
            if written == "mesh" || is_internal(written) {
                continue;
            }
            let (namespace, name) = gateway_named(own, written);
            let served = served(index, own, namespace, name);
            let found =
                hosts.iter().any(|host| served.iter().any(|offer| host::overlap(host, offer)));
            if !found {
                sink.at(
                    service,
                    format!("spec.gateways[{i}]"),
                    format!(
                        "one or more host {} defined in VirtualService {} not found in Gateway \
                         {namespace}/{name}.",
                        list(hosts),
                        service.key()
                    ),
                );
            }
        }
    }
}

/// The hosts that a gateway serves to VirtualServices of namespace `own`.
fn served<'a>(index: &Index<'a>, own: &str, namespace: &str, name: &str) -> Vec<&'a str> {
    if let Some(gateway) = index.gateway(namespace, name) {
        let hosts = gateway.spec.servers.iter().flat_map(|server| &server.hosts);
        return hosts
            .filter_map(|host| match host.split_once('/') {
                None => Some(host.as_str()),
                Some((".", host)) => (namespace == own).then_some(host),
                Some(("*", host)) => Some(host),
                Some((scope, host)) => (scope == own).then_some(host),
            })
            .collect();
    }
    let listeners = index.objects.k8s_gateways().get(&Key::new(namespace, name));
    listeners
        .iter()
        .flat_map(|gateway| &gateway.spec.listeners)
        .map(|listener| listener.hostname.as_deref().filter(|h| !h.is_empty()).unwrap_or("*"))
        .collect()
}
