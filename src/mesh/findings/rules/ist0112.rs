//! IST0112: a destination that leaves the port open where there are several.

use super::super::Level;
use super::super::destinations;
use super::super::go_text::{list, quoted};
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::VirtualService;
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;

pub(super) const RULE: Rule = Rule {
    code: "IST0112",
    title: "VirtualServiceDestinationPortSelectorRequired",
    level: Level::Error,
    kinds: &[Kind::VirtualService],
    why: "The service has several ports and the destination names none; Istio drops the \
          route, and requests that take it get a 503 or 500.",
    remedy: "Give the destination a port.number.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0112/",
    differs: "",
    needs: &[Kind::Service],
    check: Check::VirtualService { one: check, rest: None },
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {ports: [{name: http, port: 80}, {name: http-admin, port: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {ports: [{name: http, port: 80}, {name: http-admin, port: 8080}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, port: {number: 80}}}]}]}
",
    },
};

fn check(index: &Index<'_>, service: &Resource<VirtualService>, sink: &mut Sink<'_>) {
    for place in destinations::of(service) {
        let destination = place.destination;
        let known = index
            .hosts()
            .find(&service.meta.namespace, &destination.host, &service.spec.export_to)
            .filter(|known| known.ports.len() > 1);
        if let (Some(known), None) = (known, &destination.port) {
            sink.at(
                service,
                place.path.to_string(),
                format!(
                    "This VirtualService routes to a service {} that exposes multiple ports {}. \
                     Specifying a port in the destination is required to disambiguate.",
                    quoted(&destination.host),
                    list(&known.ports)
                ),
            );
        }
    }
}
