//! IST0129: TLS to a port that does not check the server.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::fields;
use super::ist0128::is_unverified;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0129",
    title: "NoServerCertificateVerificationPortLevel",
    level: Level::Warning,
    kinds: &[Kind::DestinationRule],
    why: "TLS to a port of this host names no certificates to check the server by. Proxies of \
          Istio before 1.21 then accept any server; later ones use the system's authorities.",
    remedy: "Set caCertificates or credentialName for the port, also to \"system\".",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0129/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bank, namespace: shop}
spec: {host: bank.example.com, trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]}}
",
        good: "
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: bank, namespace: shop}
spec: {host: bank.example.com, trafficPolicy: {portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE, caCertificates: /etc/ssl/ca.pem}}]}}
",
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    let spec = fields::of(one.value(), "spec");
    let ports = fields::items(fields::of(spec, "trafficPolicy"), "portLevelSettings");
    for (i, settings) in ports.enumerate() {
        let tls = fields::of(settings, "tls");
        if is_unverified(spec, tls) {
            sink.at(
                one.about,
                format!("spec.trafficPolicy.portLevelSettings[{i}].tls"),
                format!(
                    "DestinationRule {} in namespace {} has TLS mode set to {} but no \
                     caCertificates are set to validate server identity for host: {} at port \
                     number:{}",
                    one.about.meta.key(),
                    one.about.meta.namespace,
                    fields::text(tls, "mode"),
                    fields::text(spec, "host"),
                    fields::number(fields::of(settings, "port"), "number")
                ),
            );
        }
    }
}
