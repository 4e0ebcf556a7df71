//! IST0149: a claim is matched that nobody checks.

use super::super::Level;
use super::super::index::Index;
use super::super::index::hosts::gateway_named;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::schema::fields;
use crate::mesh::config::VirtualService;
use crate::mesh::core::{Pod, covers};
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;

pub(super) const RULE: Rule = Rule {
    code: "IST0149",
    title: "JwtClaimBasedRoutingWithoutRequestAuthN",
    level: Level::Error,
    kinds: &[Kind::VirtualService],
    why: "A rule matches a claim of a token, and nothing at the gateway checks tokens, so the \
          rule never matches.",
    remedy: "Create a RequestAuthentication that selects the gateway's pods.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0149/",
    differs: "The root namespace is the one that mesh configuration names, and targetRefs count; \
              istioctl takes istio-system literally and looks at selectors only.",
    needs: &[Kind::Pod],
    check: Check::Mesh(check),
    example: Example {
        bad: r#"
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: door-1, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [door], http: [{match: [{headers: {"@request.auth.claims.group": {exact: dev}}}], route: [{destination: {host: reviews}}]}]}
"#,
        good: r#"
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: door-1, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, jwtRules: [{issuer: example}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [shop.example.com], gateways: [door], http: [{match: [{headers: {"@request.auth.claims.group": {exact: dev}}}], route: [{destination: {host: reviews}}]}]}
"#,
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    if !index.is_read(Kind::RequestAuthentication) {
        sink.withhold("requestauthentications are not read");
        return;
    }
    for service in index.virtual_services() {
        let Some((path, claim)) = claim(service) else { continue };
        for written in service.spec.gateways.iter().filter(|name| *name != "mesh") {
            let (namespace, name) = gateway_named(&service.meta.namespace, written);
            let Some(gateway) = index.gateway(namespace, name) else { continue };
            for pod in index.pods().selected(&gateway.spec.selector) {
                if !is_authenticated(index, pod, name) {
                    sink.at(
                        service,
                        path.clone(),
                        format!(
                            "The virtual service uses the JWT claim based routing (key: {claim}) \
                             but found no request authentication for the gateway \
                             ({namespace}/{name}) pod ({}). The request authentication must first \
                             be applied for the gateway pods to validate the JWT token and make \
                             the claims available for routing.",
                            pod.meta.name
                        ),
                    );
                }
            }
        }
    }
}

/// The first header match on a claim, and its place.
fn claim(service: &VirtualService) -> Option<(String, &str)> {
    service.spec.http.iter().enumerate().find_map(|(i, rule)| {
        rule.matches.iter().enumerate().find_map(|(j, matches)| {
            let headers = matches.headers.keys().map(|name| ("headers", name));
            let without = matches.without_headers.keys().map(|name| ("withoutHeaders", name));
            let mut all = headers.chain(without);
            all.find(|(_, name)| is_claim(name))
                .map(|(field, name)| (format!("spec.http[{i}].match[{j}].{field}"), name.as_str()))
        })
    })
}

/// `@request.auth.claims.x` or `@request.auth.claims[x]`, in any case.
pub(in crate::mesh::findings) fn is_claim(header: &str) -> bool {
    const PREFIX: &str = "@request.auth.claims";
    let start = header.get(..PREFIX.len()).unwrap_or_default();
    start.eq_ignore_ascii_case(PREFIX)
        && header.get(PREFIX.len()..).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// Whether a RequestAuthentication of the root or the pod's namespace covers the pod, by its
/// selector or by naming the gateway.
fn is_authenticated(index: &Index<'_>, pod: &Resource<Pod>, gateway: &str) -> bool {
    index.each(index.objects.request_authentications()).any(|policy| {
        let own = &policy.meta.namespace;
        let near = *own == pod.meta.namespace || **own == *index.mesh.root_namespace;
        let targets = policy.spec.target_refs.iter().chain(&policy.spec.target_ref);
        let named = targets.into_iter().any(|target| fields::text(target, "name") == gateway);
        let selected = policy
            .spec
            .selector
            .as_ref()
            .is_none_or(|selector| covers(&selector.labels, &pod.meta.labels));
        near && (selected || named)
    })
}
