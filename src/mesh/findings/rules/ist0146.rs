//! IST0146: a proxy whose image nobody will fill in.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::core::Container;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0146",
    title: "ImageAutoWithoutInjectionWarning",
    level: Level::Warning,
    kinds: &[Kind::Deployment],
    why: "The proxy's image is to be filled in by injection, and no injection webhook selects \
          these pods: they will wait for an image called auto.",
    remedy: "Label the template sidecar.istio.io/inject=true, or the namespace \
             istio-injection=enabled.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0146/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: injector}
webhooks:
- name: object.sidecar-injector.istio.io
  objectSelector: {matchLabels: {sidecar.istio.io/inject: "true"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: disabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: door, namespace: shop}
spec: {template: {metadata: {labels: {app: door}}, spec: {containers: [{name: istio-proxy, image: auto}]}}}
"#,
        good: r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: injector}
webhooks:
- name: object.sidecar-injector.istio.io
  objectSelector: {matchLabels: {sidecar.istio.io/inject: "true"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: disabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: door, namespace: shop}
spec: {template: {metadata: {labels: {sidecar.istio.io/inject: "true"}}, spec: {containers: [{name: istio-proxy, image: auto}]}}}
"#,
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    if !index.is_read(Kind::MutatingWebhookConfiguration) {
        sink.withhold("webhooks are not read");
        return;
    }
    for deployment in index.each(index.objects.deployments()) {
        let template = &deployment.spec.template;
        let waits = template.spec.containers.iter().any(waits_for_image);
        let injected = || {
            let namespace = index.namespace(&deployment.meta.namespace);
            let hooks = index.each(index.objects.mutating_webhooks()).flat_map(|c| &c.webhooks);
            namespace.is_some_and(|namespace| {
                hooks.filter(|hook| hook.name.ends_with("istio.io")).any(|hook| {
                    hook.namespace_selector.matches(&namespace.meta.labels)
                        && hook.object_selector.matches(&template.metadata.labels)
                })
            })
        };
        if waits && !injected() {
            sink.report(
                deployment,
                format!(
                    "Deployment {} contains `image: auto` but does not match any Istio injection \
                     webhook selectors.",
                    deployment.meta.name
                ),
            );
        }
    }
}

/// Whether a proxy's image is left to injection.
pub(super) fn waits_for_image(container: &Container) -> bool {
    container.name == "istio-proxy" && container.image == "auto"
}
