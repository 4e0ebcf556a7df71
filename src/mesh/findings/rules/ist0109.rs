//! IST0109: two VirtualServices of the mesh for one host.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Level;
use super::super::go_text::joined;
use super::super::index::{Index, export_scopes, hosts};
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::VirtualService;
use crate::mesh::host;
use crate::mesh::kind::Kind;
use crate::mesh::object::{Key, Resource};

pub(super) const RULE: Rule = Rule {
    code: "IST0109",
    title: "ConflictingMeshGatewayVirtualServiceHosts",
    level: Level::Error,
    kinds: &[Kind::VirtualService],
    why: "Sidecars do not merge VirtualServices: of two for one host only the older one counts, \
          and the rules of the other never act.",
    remedy: "Merge them into one, or let the one delegate to the other.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0109/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: first, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: second, namespace: shop}
spec: {hosts: [reviews.shop.svc.cluster.local], http: [{route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: first, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: second, namespace: shop}
spec: {hosts: [ratings], http: [{route: [{destination: {host: ratings}}]}]}
",
    },
};

/// VirtualServices by scope and full host.
type Groups<'a> = BTreeMap<(String, String), Vec<&'a Resource<VirtualService>>>;

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let groups = groups(index);
    let public: Vec<_> = groups.iter().filter(|((scope, _), _)| scope == "*").collect();
    let public_wild: Vec<_> =
        public.iter().filter(|((_, host), _)| host::is_wildcard(host)).copied().collect();
    let mut told: BTreeSet<Key> = BTreeSet::new();
    for ((scope, host), members) in &groups {
        let mut members = members.clone();
        if scope != "*" {
            let wider = if host::is_wildcard(host) { &public } else { &public_wild };
            for ((_, other), more) in wider {
                if host::overlap(other, host) {
                    members.extend(more.iter());
                }
            }
            if !host::is_wildcard(host) {
                members.extend(groups.get(&("*".into(), host.clone())).into_iter().flatten());
            }
        }
        if members.len() < 2 {
            continue;
        }
        let mut names: Vec<String> = members.iter().map(|vs| vs.key().to_string()).collect();
        names.sort();
        let message = format!(
            "The VirtualServices {} associated with mesh gateway define the same host \
             {scope}/{host} which can lead to undefined behavior. This can be fixed by merging \
             the conflicting VirtualServices into a single resource.",
            joined(names, ",")
        );
        for service in members {
            if told.insert(service.key()) {
                sink.at(service, "spec.hosts", message.clone());
            }
        }
    }
}

fn groups<'a>(index: &Index<'a>) -> Groups<'a> {
    let mut groups = Groups::new();
    for service in index.virtual_services() {
        let spec = &service.spec;
        if !(spec.gateways.is_empty() || spec.gateways.iter().any(|name| name == "mesh")) {
            continue;
        }
        let own = &service.meta.namespace;
        for scope in export_scopes(&spec.export_to, own) {
            for host in &spec.hosts {
                let host = hosts::full(own, host).into_owned();
                groups.entry((scope.clone(), host)).or_default().push(service);
            }
        }
    }
    groups
}
