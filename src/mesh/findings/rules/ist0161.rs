//! IST0161: a certificate that is no good.

use super::super::Level;
use super::super::certificates;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::Gateway;
use crate::mesh::kind::Kind;
use crate::mesh::object::Key;

pub(super) const RULE: Rule = Rule {
    code: "IST0161",
    title: "InvalidGatewayCredential",
    level: Level::Error,
    kinds: &[Kind::Gateway],
    why: "The certificate of the gateway is not readable, not yet valid, or has expired. TLS \
          handshakes fail, or browsers warn.",
    remedy: "Put a valid certificate and its key into the Secret.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0161/",
    differs: "",
    needs: &[Kind::Pod],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: one, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [one.example.com], tls: {mode: SIMPLE, credentialName: wild}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: door-1, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: v1
kind: Secret
metadata: {name: wild, namespace: istio-system}
stringData: {tls.crt: not a certificate, tls.key: nor a key}
",
        good: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let named =
        index.each(index.objects.gateways()).any(|gateway| credentials(gateway).next().is_some());
    if named && !(index.secrets_may_be_read() && index.is_read(Kind::Secret)) {
        sink.withhold("the contents of Secrets are not read");
        return;
    }
    let Some(now) = index.now() else {
        sink.withhold("no time was given to judge certificates by");
        return;
    };
    for gateway in index.each(index.objects.gateways()) {
        let Some(home) = workload_namespace(index, gateway) else { continue };
        for (i, name) in credentials(gateway) {
            let (namespace, secret) = name.split_once('/').unwrap_or((home, name));
            let Some(secret) = index.objects.secrets().get(&Key::new(namespace, secret)) else {
                continue;
            };
            if !certificates::is_fit(&secret.raw.value(), now) {
                sink.at(
                    gateway,
                    format!("spec.servers[{i}].tls.credentialName"),
                    format!(
                        "The credential referenced by the Gateway {} in namespace {home} is \
                         invalid, which can cause the traffic not to work as expected.",
                        gateway.meta.name
                    ),
                );
            }
        }
    }
}

/// The credentials that a gateway's servers name, with the servers' numbers.
pub(super) fn credentials(gateway: &Gateway) -> impl Iterator<Item = (usize, &str)> {
    gateway.spec.servers.iter().enumerate().filter_map(|(i, server)| {
        let name = server.tls.as_ref()?.credential_name.as_str();
        (!name.is_empty()).then_some((i, name))
    })
}

/// The namespace of a gateway's pods, where its Secrets are looked for.
pub(super) fn workload_namespace<'a>(index: &Index<'a>, gateway: &'a Gateway) -> Option<&'a str> {
    index.pods().selected(&gateway.spec.selector).next().map(|pod| &*pod.meta.namespace)
}
