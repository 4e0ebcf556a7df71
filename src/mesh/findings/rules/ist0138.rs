//! IST0138: one certificate in two Gateways.

use super::super::Level;
use super::super::go_text::list;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::schema::fields;
use crate::mesh::core::covers;
use crate::mesh::kind::Kind;
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "IST0138",
    title: "GatewayDuplicateCertificate",
    level: Level::Warning,
    kinds: &[Kind::Gateway],
    why: "Two Gateways of the same workload use one certificate. A browser that reuses its \
          HTTP/2 connection for the other host reaches the wrong Gateway and gets a 404.",
    remedy: "Serve the hosts from one Gateway, or give each a certificate of its own.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0138/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: one, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [one.example.com], tls: {mode: SIMPLE, credentialName: wild}}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: two, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [two.example.com], tls: {mode: SIMPLE, credentialName: wild}}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: one, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [one.example.com], tls: {mode: SIMPLE, credentialName: one}}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: two, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: [two.example.com], tls: {mode: SIMPLE, credentialName: two}}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let gateways: Vec<_> = index
        .each(index.objects.gateways())
        .map(|gateway| (gateway, certificates(&gateway.raw.value())))
        .filter(|(_, certificates)| !certificates.is_empty())
        .collect();
    for (one, ours) in &gateways {
        for (other, theirs) in &gateways {
            let together = one.key() != other.key()
                && covers(&one.spec.selector, &other.spec.selector)
                && ours.iter().any(|certificate| theirs.contains(certificate));
            if together {
                sink.report(
                    *one,
                    format!(
                        "Duplicate certificate in multiple gateways {} may cause 404s if clients \
                         re-use HTTP2 connections.",
                        list([one.key(), other.key()])
                    ),
                );
            }
        }
    }
}

/// The certificates of a gateway's servers: a credential's name, or certificate and key.
fn certificates(gateway: &Value) -> BTreeSet<(String, String)> {
    let servers = fields::items(fields::of(gateway, "spec"), "servers");
    servers
        .filter_map(|server| {
            let tls = fields::of(server, "tls");
            let text = |name| fields::text(tls, name).to_owned();
            let pair = match fields::text(tls, "credentialName") {
                "" => (text("serverCertificate"), text("privateKey")),
                name => (name.to_owned(), String::new()),
            };
            let by_file = fields::text(tls, "credentialName").is_empty();
            let whole = !pair.0.is_empty() && (!by_file || !pair.1.is_empty());
            whole.then_some(pair)
        })
        .collect()
}
