//! IST0145: two Gateways for one host.

use super::super::Level;
use super::super::go_text::{joined, selector};
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::Gateway;
use crate::mesh::config::gateway::Server;
use crate::mesh::core::covers;
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    code: "IST0145",
    title: "ConflictingGateways",
    level: Level::Error,
    kinds: &[Kind::Gateway],
    why: "Two Gateways of the same workload serve the same host on the same port. Only the \
          older one's server is made.",
    remedy: "Merge the servers, or serve different hosts.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0145/",
    differs: "All servers of a Gateway are compared, with the hosts as they are written; istioctl \
              keeps only the last server of a port, and hosts of one comparison leak into the \
              next.",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: one, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: two, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: one, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: two, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [bank.example.com]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let mut by_port: BTreeMap<u32, Vec<(&Resource<Gateway>, &Server)>> = BTreeMap::new();
    for gateway in index.each(index.objects.gateways()) {
        for server in &gateway.spec.servers {
            by_port.entry(server.port.number).or_default().push((gateway, server));
        }
    }
    for (port, servers) in by_port {
        for (gateway, server) in &servers {
            let mut others: Vec<String> = servers
                .iter()
                .filter(|(other, _)| other.key() != gateway.key())
                .filter(|(other, theirs)| {
                    theirs.bind == server.bind
                        && theirs.hosts.iter().any(|host| server.hosts.contains(host))
                        && share_workload(index, gateway, other)
                })
                .map(|(other, _)| other.key().to_string())
                .collect();
            others.sort();
            others.dedup();
            if others.is_empty() {
                continue;
            }
            sink.report(
                *gateway,
                format!(
                    "Conflict with gateways {} (workload selector {}, port {port}, hosts {}).",
                    joined(others, ","),
                    selector(&gateway.spec.selector),
                    joined(&server.hosts, ",")
                ),
            );
        }
    }
}

/// Equal selectors, or one within the other where a pod matches both.
fn share_workload(index: &Index<'_>, a: &Gateway, b: &Gateway) -> bool {
    let (ours, theirs) = (&a.spec.selector, &b.spec.selector);
    if ours == theirs {
        return true;
    }
    let nested =
        selector(ours).contains(&selector(theirs)) || selector(theirs).contains(&selector(ours));
    nested && index.pods().selected(ours).any(|pod| covers(theirs, &pod.meta.labels))
}
