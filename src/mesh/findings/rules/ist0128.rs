//! IST0128: TLS that does not check the server.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::fields;
use crate::mesh::kind::Kind;
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    code: "IST0128",
    title: "NoServerCertificateVerificationDestinationLevel",
    level: Level::Warning,
    kinds: &[Kind::DestinationRule],
    why: "TLS to this host names no certificates to check the server by. Proxies of Istio \
          before 1.21 then accept any server; later ones use the system's authorities.",
    remedy: "Set caCertificates or credentialName, also to \"system\".",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0128/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bank, namespace: shop}
spec: {host: bank.example.com, trafficPolicy: {tls: {mode: SIMPLE}}}
",
        good: "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bank, namespace: shop}
spec: {host: bank.example.com, trafficPolicy: {tls: {mode: SIMPLE, caCertificates: /etc/ssl/ca.pem}}}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let spec = fields::of(one.value(), "spec");
    let tls = fields::of(fields::of(spec, "trafficPolicy"), "tls");
    if is_unverified(spec, tls) {
        sink.at(
            one.about,
            "spec.trafficPolicy.tls",
            format!(
                "DestinationRule {} in namespace {} has TLS mode set to {} but no caCertificates \
                 are set to validate server identity for host: {}",
                one.about.meta.key(),
                one.about.meta.namespace,
                fields::text(tls, "mode"),
                fields::text(spec, "host")
            ),
        );
    }
}

/// Whether TLS of this shape leaves the server's certificate unchecked.
pub(super) fn is_unverified(spec: &Value, tls: &Value) -> bool {
    let by_secret = !fields::text(tls, "credentialName").is_empty()
        && !fields::of(spec, "workloadSelector").is_null();
    matches!(fields::text(tls, "mode"), "SIMPLE" | "MUTUAL")
        && fields::text(tls, "caCertificates").is_empty()
        && !by_secret
}
