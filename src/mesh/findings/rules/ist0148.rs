//! IST0148: a namespace that is injected because Istio was installed so.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::schema::fields;
use crate::mesh::core::Namespace;
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;

pub(super) const RULE: Rule = Rule {
    code: "IST0148",
    title: "NamespaceInjectionEnabledByDefault",
    level: Level::Info,
    kinds: &[Kind::Namespace],
    why: "The namespace has no label about injection, and Istio is installed with \
          enableNamespacesByDefault: its pods get sidecars.",
    remedy: "Nothing, if that is wanted; else label the namespace istio-injection=disabled.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0148/",
    differs: "Each namespace is judged by itself; in istioctl the setting leaks from one \
              namespace to the next.",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data: {values: '{\"sidecarInjectorWebhook\": {\"enableNamespacesByDefault\": true}}'}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
",
        good: "
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data: {values: '{\"sidecarInjectorWebhook\": {\"enableNamespacesByDefault\": false}}'}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    if !by_default(index) {
        return;
    }
    for namespace in index.namespaces().values().filter(|namespace| undecided(namespace)) {
        sink.report(
            *namespace,
            "is enabled for Istio injection, as Istio is installed with \
             enableNamespacesByDefault as true.",
        );
    }
}

/// Whether the default injector takes namespaces that say nothing.
pub(super) fn by_default(index: &Index<'_>) -> bool {
    index
        .each(index.objects.config_maps())
        .filter(|map| &*map.meta.name == "istio-sidecar-injector")
        .filter_map(|map| serde_json::from_str(map.data.get("values")?).ok())
        .any(|values: serde_json::Value| {
            let webhook = fields::of(&values, "sidecarInjectorWebhook");
            fields::flag(webhook, "enableNamespacesByDefault")
        })
}

/// Whether no label of a namespace says whether it is injected.
pub(super) fn undecided(namespace: &Resource<Namespace>) -> bool {
    let meta = &namespace.meta;
    &*meta.name != "istio-system"
        && meta.label("istio.io/dataplane-mode") != Some("ambient")
        && meta.label("istio-injection").unwrap_or_default().is_empty()
        && meta.label("istio.io/rev").is_none()
}
