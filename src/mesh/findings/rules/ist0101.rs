//! IST0101: something is named that does not exist.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

mod credential;
mod namespace;
mod selector;
mod virtual_service;

pub(super) const RULE: Rule = Rule {
    code: "IST0101",
    title: "ReferencedResourceNotFound",
    level: Level::Error,
    kinds: &[
        Kind::VirtualService,
        Kind::Gateway,
        Kind::Sidecar,
        Kind::Telemetry,
        Kind::AuthorizationPolicy,
    ],
    why: "A host, a port, a subset, a gateway, a pod selector, a certificate or a namespace that \
          the object names is not there. Requests that depend on it fail (503 for a missing \
          subset), or the object has no effect.",
    remedy: "Correct the name, create what is missing, or remove the reference. Hosts without a \
             dot are looked up in the object's own namespace.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0101/",
    differs: "Where no Namespace object is among the files, namespaces of AuthorizationPolicies \
              are not judged; where Secrets may not be read, credentials are not.",
    needs: &[],
    check: Check::VirtualService { one: virtual_service::check, rest: Some(check) },
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {ports: [{name: http, port: 9080}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews]
  http: [{route: [{destination: {host: reviews, subset: v4}}]}]
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {ports: [{name: http, port: 9080}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec:
  hosts: [reviews]
  http: [{route: [{destination: {host: reviews, subset: v4}}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, subsets: [{name: v4, labels: {version: v4}}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    selector::check(index, sink);
    credential::check(index, sink);
    namespace::check(index, sink);
}

/// istioctl's words: what kind of thing is missing, and its name.
fn missing(what: &str, name: &str) -> String {
    format!("Referenced {what} not found: {name:?}")
}
