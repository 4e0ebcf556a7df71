//! KIA1402: a route to a Service that does not exist.

use super::super::About;
use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::gateway_api::BackendRef;
use crate::mesh::kind::Kind;
use crate::mesh::object::Key;

pub(super) const RULE: Rule = Rule {
    code: "KIA1402",
    title: "BackendNotFound",
    level: Level::Error,
    kinds: &[Kind::HttpRoute, Kind::GrpcRoute],
    why: "A route sends requests to a Service that does not exist. They get a 500.",
    remedy: "Correct the name, or create the Service.",
    docs: "https://kiali.io/docs/features/validations/",
    differs: "",
    needs: &[Kind::Service],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: reviews, namespace: shop}
spec: {rules: [{backendRefs: [{name: review, port: 80}]}]}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: reviews, namespace: shop}
spec: {rules: [{backendRefs: [{name: reviews, port: 80}]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for route in index.each(index.objects.http_routes()) {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            backends(index, route.into(), i, &rule.backend_refs, sink);
        }
    }
    for route in index.each(index.objects.grpc_routes()) {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            backends(index, route.into(), i, &rule.backend_refs, sink);
        }
    }
}

fn backends(
    index: &Index<'_>,
    about: About<'_>,
    rule: usize,
    backends: &[BackendRef],
    sink: &mut Sink<'_>,
) {
    for (i, backend) in backends.iter().enumerate() {
        let group = backend.group.as_deref().unwrap_or_default();
        let kind = backend.kind.as_deref().unwrap_or("Service");
        if !group.is_empty() || kind != "Service" {
            continue;
        }
        let namespace = backend.namespace.as_deref().unwrap_or(&about.meta.namespace);
        let key = Key::new(namespace, &backend.name);
        if !index.objects.services().contains_key(&key) {
            sink.at(
                about,
                format!("spec.rules[{rule}].backendRefs[{i}].name"),
                format!("Service {key} does not exist."),
            );
        }
    }
}
