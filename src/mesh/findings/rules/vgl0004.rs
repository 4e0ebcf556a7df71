//! VGL0004: one host, one gateway, two VirtualServices.

use super::super::Level;
use super::super::go_text::joined;
use super::super::index::Index;
use super::super::index::hosts::gateway_named;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::VirtualService;
use crate::mesh::config::virtual_service::HttpMatch;
use crate::mesh::kind::Kind;
use crate::mesh::object::Key;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULE: Rule = Rule {
    code: "VGL0004",
    title: "HostServedTwice",
    level: Level::Warning,
    kinds: &[Kind::VirtualService],
    why: "Two VirtualServices serve the same host on the same gateway, each with a rule that \
          takes every request. The rules are put one after the other, oldest first, and those \
          of the younger one never act.",
    remedy: "Put the rules into one VirtualService, or give each different paths.",
    docs: "https://istio.io/latest/docs/ops/best-practices/traffic-management/#split-virtual-services",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: one, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [door], http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: reviews}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: two, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [door], http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: one, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [door], http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: reviews}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: two, namespace: shop}
spec: {hosts: [bank.example.com], gateways: [door], http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: reviews}}]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let mut served: BTreeMap<(String, &str), BTreeSet<Key>> = BTreeMap::new();
    for service in index.virtual_services() {
        let mut gateways = service.spec.gateways.iter().filter(|name| *name != "mesh").peekable();
        if gateways.peek().is_none() || !takes_everything(service) {
            continue;
        }
        for gateway in gateways {
            let (namespace, name) = gateway_named(&service.meta.namespace, gateway);
            for host in &service.spec.hosts {
                let place = (format!("{namespace}/{name}"), host.as_str());
                served.entry(place).or_default().insert(service.key());
            }
        }
    }
    for ((gateway, host), services) in served.iter().filter(|(_, services)| services.len() > 1) {
        for key in services {
            let others = services.iter().filter(|other| *other != key);
            if let Some(service) = index.objects.virtual_services().get(key) {
                sink.at(
                    &**service,
                    "spec.hosts",
                    format!(
                        "Host {host} on gateway {gateway} is served by {} too, and each takes \
                         every request; the younger one's rules never act.",
                        joined(others, ", ")
                    ),
                );
            }
        }
    }
}

/// Whether a rule leaves nothing to what comes after it.
fn takes_everything(service: &VirtualService) -> bool {
    service.spec.http.iter().any(|rule| {
        let all = |one: &HttpMatch| {
            let any_path = one.uri.as_ref().is_none_or(|uri| uri.prefix.as_deref() == Some("/"));
            any_path
                && HttpMatch { uri: None, name: String::new(), ..one.clone() }
                    == HttpMatch::default()
        };
        rule.matches.is_empty() || rule.matches.iter().any(all)
    })
}
