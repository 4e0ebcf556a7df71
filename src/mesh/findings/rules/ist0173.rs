//! IST0173: a subset without pods.

use super::super::Level;
use super::super::index::Index;
use super::super::index::Known;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::core::covers;
use crate::mesh::kind::Kind;
use crate::mesh::object::Labels;
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    code: "IST0173",
    title: "DestinationRuleSubsetNotSelectPods",
    level: Level::Error,
    kinds: &[Kind::DestinationRule],
    why: "No pod has the labels of the subset. Requests routed to it fail with 503 (UH, no \
          healthy upstream).",
    remedy: "Correct the labels, or start the version.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0173/",
    differs: "From files, pod templates of Deployments count as pods; subsets of ServiceEntries \
              with endpoints or WorkloadEntries are not judged by pods.",
    needs: &[Kind::Pod, Kind::Service],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews, version: v1}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v9}}]}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews, version: v1}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for rule in index.destination_rules() {
        let spec = &rule.spec;
        let own = &rule.meta.namespace;
        let Some(known) = index.hosts().find(own, &spec.host, &spec.export_to) else { continue };
        if known.is_entry && (known.has_endpoints || selects_entries(index, own, known)) {
            continue;
        }
        let mut subsets: BTreeMap<&str, (usize, &Labels)> = BTreeMap::new();
        for (i, subset) in spec.subsets.iter().enumerate() {
            subsets.insert(&subset.name, (i, &subset.labels));
        }
        for (name, (i, labels)) in subsets {
            let mut wanted = Cow::Borrowed(labels);
            if let Some(workloads) = known.workloads {
                let own = labels.iter().map(|(key, value)| (key.clone(), value.clone()));
                wanted = Cow::Owned(workloads.clone().into_iter().chain(own).collect());
            }
            if !index.pods().any_placed(&wanted) && !planned(index, known, &wanted) {
                sink.at(
                    rule,
                    format!("spec.subsets[{i}]"),
                    format!(
                        "The Subset {name} defined in the DestinationRule does not select any \
                         pods. Which may lead to 503 UH (NoHealthyUpstream)."
                    ),
                );
            }
        }
    }
}

/// Whether a ServiceEntry's workloads are WorkloadEntries, at least in part.
fn selects_entries(index: &Index<'_>, namespace: &str, known: &Known<'_>) -> bool {
    known.workloads.is_some_and(|labels| {
        index
            .each(index.objects.workload_entries())
            .any(|entry| *entry.meta.namespace == *namespace && covers(labels, &entry.spec.labels))
    })
}

/// Among files, whether a Deployment of the service itself would make such pods.
fn planned(index: &Index<'_>, known: &Known<'_>, labels: &Labels) -> bool {
    let mut wanted = known.selector.cloned().unwrap_or_default();
    wanted.extend(labels.iter().map(|(key, value)| (key.clone(), value.clone())));
    index.template_has(None, &wanted)
}
