//! IST0164: an external control plane by address.

use super::super::Level;
use super::super::rule::{Check, Example, Rule, Single, Sink};
use super::super::schema::fields;
use super::ist0163::{hooks, host_of};
use crate::mesh::kind::Kind;
use std::net::IpAddr;

pub(super) const RULE: Rule = Rule {
    code: "IST0164",
    title: "ExternalControlPlaneAddressIsNotAHostname",
    level: Level::Info,
    kinds: &[Kind::MutatingWebhookConfiguration, Kind::ValidatingWebhookConfiguration],
    why: "The external control plane is named by an IP address, which certificates do not name \
          and which may change.",
    remedy: "Use a host name.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0164/",
    differs: "",
    needs: &[],
    check: Check::Object(check),
    example: Example {
        bad: r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-external}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig: {url: "https://192.0.2.7:15017/inject"}
"#,
        good: r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector-external}
webhooks:
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig: {url: "https://control.example.com:15017/inject"}
"#,
    },
};

fn check(one: &Single<'_>, sink: &mut Sink<'_>) {
    for (i, hook) in hooks(one) {
        let url = fields::text(fields::of(hook, "clientConfig"), "url");
        if host_of(url).is_some_and(|host| host.parse::<IpAddr>().is_ok()) {
            sink.at(
                one.about,
                format!("webhooks[{i}].clientConfig.url"),
                format!(
                    "The address ({url}) that was provided for the webhook ({}) to reach the \
                     ingress gateway on the external control plane cluster is an IP address. This \
                     is not recommended for a production environment.",
                    fields::text(hook, "name")
                ),
            );
        }
    }
}
