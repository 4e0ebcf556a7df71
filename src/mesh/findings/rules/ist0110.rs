//! IST0110: two Sidecars for one pod.

use super::super::go_text::{list, quoted};
use super::super::index::Index;
use super::super::overlap::{claims, names};
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::{Level, workloads};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0110",
    title: "ConflictingSidecarWorkloadSelectors",
    level: Level::Error,
    kinds: &[Kind::Sidecar],
    why: "Two Sidecars select the same pod. Only one of them acts, and which is not defined.",
    remedy: "Narrow the selectors until each pod is selected once.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0110/",
    differs: "",
    needs: &[Kind::Pod],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews, version: v1}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: first, namespace: shop}
spec: {workloadSelector: {labels: {app: reviews}}, egress: [{hosts: ['./*']}]}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: second, namespace: shop}
spec: {workloadSelector: {labels: {version: v1}}, egress: [{hosts: ['./*']}]}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews, version: v1}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: first, namespace: shop}
spec: {workloadSelector: {labels: {app: reviews}}, egress: [{hosts: ['./*']}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let sidecars = index
        .each(index.objects.sidecars())
        .filter_map(|sidecar| Some((sidecar, &sidecar.spec.workload_selector.as_ref()?.labels)));
    for claim in claims(index, sidecars) {
        if workloads::pod_is_ambient(claim.pod) {
            continue;
        }
        for sidecar in &claim.objects {
            sink.at(
                *sidecar,
                "spec.workloadSelector",
                format!(
                    "The Sidecars {} in namespace {} select the same workload pod {}, which can \
                     lead to undefined behavior.",
                    list(names(&claim.objects)),
                    quoted(&claim.pod.meta.namespace),
                    quoted(&claim.pod.meta.name)
                ),
            );
        }
    }
}
