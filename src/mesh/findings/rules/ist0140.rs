//! IST0140: a split that the gateway does not know.

use super::super::Level;
use super::super::destinations::{self, Path};
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::VirtualService;
use crate::mesh::config::virtual_service::Destination;
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;
use std::collections::HashMap;

pub(super) const RULE: Rule = Rule {
    code: "IST0140",
    title: "IngressRouteRulesNotAffected",
    level: Level::Warning,
    kinds: &[Kind::VirtualService],
    why: "This VirtualService routes from a gateway to a host whose split into subsets is in \
          another VirtualService. The gateway knows only its own rules, so requests from \
          outside are spread over all versions.",
    remedy: "Put the destination's subset into this VirtualService too, or bind the other one to \
             the gateway as well.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0140/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: outside, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [door], http: [{route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: outside, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [door], http: [{route: [{destination: {host: reviews, subset: v1}}]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let mut splits: HashMap<&str, Vec<&Resource<VirtualService>>> = HashMap::new();
    for service in index.virtual_services() {
        let mut split: Vec<&str> = http(service)
            .filter(|(_, destination)| !destination.subset.is_empty())
            .map(|(_, destination)| destination.host.as_str())
            .filter(|host| service.spec.hosts.iter().any(|own| own == host))
            .collect();
        split.sort_unstable();
        split.dedup();
        for host in split {
            splits.entry(host).or_default().push(service);
        }
    }
    for service in index.virtual_services().filter(|service| !service.spec.gateways.is_empty()) {
        for (path, destination) in http(service) {
            if !destination.subset.is_empty() {
                continue;
            }
            for other in splits.get(destination.host.as_str()).into_iter().flatten() {
                sink.at(
                    service,
                    path.to_string(),
                    format!(
                        "Subset in virtual service {} has no effect on ingress gateway {} requests",
                        other.key(),
                        service.key()
                    ),
                );
            }
        }
    }
}

/// Destinations of http rules, without mirrors.
fn http(service: &VirtualService) -> impl Iterator<Item = (Path, &Destination)> {
    destinations::of(service)
        .into_iter()
        .filter(|place| place.is_http() && !place.is_mirror())
        .map(|place| (place.path, place.destination))
}
