//! IST0175: istiod may be made to fetch anything.

use super::super::Level;
use super::super::go_text::joined;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::schema::fields;
use crate::mesh::kind::Kind;
use serde_json::Value;

pub(super) const RULE: Rule = Rule {
    code: "IST0175",
    title: "JwksUriFetchUnrestricted",
    level: Level::Warning,
    kinds: &[Kind::Deployment],
    why: "istiod fetches the keys of RequestAuthentications from any address, also inside the \
          network. Whoever may write such a policy can make istiod call there.",
    remedy: "Set BLOCKED_CIDRS_IN_JWKS_URIS on istiod.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0175/",
    differs: "A value taken from elsewhere (valueFrom) counts; istioctl does not see it.",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}
spec: {template: {spec: {containers: [{name: discovery, image: pilot}]}}}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, jwtRules: [{issuer: example}]}
",
        good: "
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}
spec: {template: {spec: {containers: [{name: discovery, image: pilot, env: [{name: BLOCKED_CIDRS_IN_JWKS_URIS, value: 10.0.0.0/8}]}]}}}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: jwt, namespace: istio-system}
spec: {selector: {matchLabels: {istio: ingressgateway}}, jwtRules: [{issuer: example}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let policies: Vec<String> =
        index.each(index.objects.request_authentications()).map(|p| p.key().to_string()).collect();
    if policies.is_empty() {
        return;
    }
    let shown = joined(policies.iter().take(5), ", ");
    let more = policies.len().saturating_sub(5);
    let tail = if more == 0 { String::new() } else { format!(", and {more} more") };
    for deployment in index.each(index.objects.deployments()) {
        if deployment.meta.label("app") == Some("istiod") && !is_restricted(&deployment.raw.value())
        {
            sink.report(
                deployment,
                format!(
                    "BLOCKED_CIDRS_IN_JWKS_URIS is not configured but {} RequestAuthentication \
                     resource(s) exist ({shown}{tail}). Consider configuring it to restrict JWKS \
                     URI fetches to trusted networks.",
                    policies.len()
                ),
            );
        }
    }
}

fn is_restricted(deployment: &Value) -> bool {
    let template = fields::of(fields::of(deployment, "spec"), "template");
    fields::items(fields::of(template, "spec"), "containers")
        .flat_map(|container| fields::items(container, "env"))
        .any(|variable| {
            fields::text(variable, "name") == "BLOCKED_CIDRS_IN_JWKS_URIS"
                && (!fields::text(variable, "value").is_empty()
                    || !fields::of(variable, "valueFrom").is_null())
        })
}
