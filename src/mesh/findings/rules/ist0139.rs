//! IST0139: injection webhooks that overlap, or call nobody.

use super::super::Level;
use super::super::go_text::list;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::WebhookConfiguration;
use crate::mesh::config::webhook::Webhook;
use crate::mesh::kind::Kind;
use crate::mesh::object::{Key, Labels, Resource};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "IST0139",
    title: "InvalidWebhook",
    level: Level::Error,
    kinds: &[Kind::MutatingWebhookConfiguration],
    why: "Two injection webhooks act on the same pods, or the webhook calls a service that \
          does not exist. Pods are injected twice, or cannot be created.",
    remedy: "Remove the webhook of the control plane that is gone, or narrow the selectors.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0139/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: istiod, namespace: istio-system}
spec: {ports: [{name: https-webhook, port: 443}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: one}
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: istiod, path: /inject}}
  namespaceSelector: {matchLabels: {istio-injection: enabled}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: two}
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: istiod, path: /inject}}
  namespaceSelector: {matchLabels: {istio-injection: enabled}}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: istiod, namespace: istio-system}
spec: {ports: [{name: https-webhook, port: 443}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: one}
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: istiod, path: /inject}}
  namespaceSelector: {matchLabels: {istio-injection: enabled}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: two}
webhooks:
- name: namespace.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: istiod, path: /inject}}
  namespaceSelector: {matchLabels: {istio.io/rev: canary}, matchExpressions: [{key: istio-injection, operator: DoesNotExist}]}
",
    },
};

/// A webhook and the configuration it is in.
type Hook<'a> = (&'a Resource<WebhookConfiguration>, usize, &'a Webhook);

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let mut hooks: Vec<Hook<'_>> = Vec::new();
    let mut revisions: BTreeSet<&str> = BTreeSet::new();
    for configuration in index.each(index.objects.mutating_webhooks()) {
        let named = revisions_of(configuration);
        let injects = configuration.webhooks.iter().any(|hook| hook.name.ends_with("istio.io"));
        if !named.is_empty() || injects {
            revisions.extend(named);
            let of = configuration.webhooks.iter().enumerate();
            hooks.extend(of.map(|(i, hook)| (configuration, i, hook)));
        }
    }
    overlaps(&hooks, &revisions, sink);
    if !index.is_read(Kind::Service) {
        return;
    }
    for (configuration, i, hook) in hooks {
        let Some(service) = &hook.client_config.service else { continue };
        let key = Key::new(&service.namespace, &service.name);
        if !index.objects.services().contains_key(&key) {
            sink.at(
                configuration,
                format!("webhooks[{i}].clientConfig.service"),
                format!("Injector refers to a control plane service that does not exist: {key}."),
            );
        }
    }
}

const REVISION: &str = "istio.io/rev";

fn revisions_of(configuration: &Resource<WebhookConfiguration>) -> BTreeSet<&str> {
    let mut found: BTreeSet<&str> = configuration.meta.label(REVISION).into_iter().collect();
    for hook in &configuration.webhooks {
        for selector in [&hook.namespace_selector, &hook.object_selector] {
            found.extend(selector.match_labels.get(REVISION).map(String::as_str));
            let expressions = selector.match_expressions.iter();
            found.extend(
                expressions
                    .filter(|e| e.key == REVISION)
                    .flat_map(|e| &e.values)
                    .map(String::as_str),
            );
        }
    }
    found
}

fn overlaps(hooks: &[Hook<'_>], revisions: &BTreeSet<&str>, sink: &mut Sink<'_>) {
    let namespaces = label_sets("istio-injection", ["enabled", "disabled"], revisions);
    let objects = label_sets("sidecar.istio.io/inject", ["true", "false"], revisions);
    for namespace in &namespaces {
        for object in &objects {
            let both: Vec<&Hook<'_>> = hooks
                .iter()
                .filter(|(_, _, hook)| {
                    hook.namespace_selector.matches(namespace)
                        && hook.object_selector.matches(object)
                })
                .collect();
            if both.len() < 2 {
                continue;
            }
            for (configuration, i, hook) in &both {
                let own = format!("{}/{}", configuration.meta.name, hook.name);
                let mut others: Vec<String> = both
                    .iter()
                    .map(|(other, _, hook)| format!("{}/{}", other.meta.name, hook.name))
                    .filter(|other| *other != own)
                    .collect();
                others.sort();
                sink.at(
                    *configuration,
                    format!("webhooks[{i}]"),
                    format!(
                        "Webhook overlaps with others: {}. This may cause injection to occur twice.",
                        list(others)
                    ),
                );
            }
        }
    }
}

/// Every set of labels that tells webhooks apart: with the switch on, off and absent, with each
/// revision and without.
fn label_sets(switch: &str, values: [&str; 2], revisions: &BTreeSet<&str>) -> Vec<Labels> {
    let mut sets = Vec::new();
    for value in [None, Some(values[0]), Some(values[1])] {
        for revision in std::iter::once(None).chain(revisions.iter().copied().map(Some)) {
            let switch = value.map(|value| (switch.to_owned(), value.to_owned()));
            let revision = revision.map(|revision| (REVISION.to_owned(), revision.to_owned()));
            sets.push(switch.into_iter().chain(revision).collect());
        }
    }
    sets
}
