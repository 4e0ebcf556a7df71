//! IST0111: two Sidecars for a whole namespace.

use super::super::go_text::{list, quoted};
use super::super::index::Index;
use super::super::overlap::{crowds, names};
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::{Level, workloads};
use crate::mesh::config::Sidecar;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0111",
    title: "MultipleSidecarsWithoutWorkloadSelectors",
    level: Level::Error,
    kinds: &[Kind::Sidecar],
    why: "A namespace has one default Sidecar. With two, which of them acts is not defined.",
    remedy: "Keep one, and give the others a workloadSelector.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0111/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: first, namespace: shop}
spec: {egress: [{hosts: ['./*']}]}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: second, namespace: shop}
spec: {egress: [{hosts: ['*/*']}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: first, namespace: shop}
spec: {egress: [{hosts: ['./*']}]}
",
    },
};

/// Whether a Sidecar is for its whole namespace.
pub(super) fn is_default(sidecar: &Sidecar) -> bool {
    sidecar.spec.workload_selector.as_ref().is_none_or(|selector| selector.labels.is_empty())
}

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let defaults = index.each(index.objects.sidecars()).filter(|sidecar| is_default(sidecar));
    for (namespace, sidecars) in crowds(defaults) {
        if workloads::namespace_is_ambient(index.namespace(namespace)) {
            continue;
        }
        for sidecar in &sidecars {
            sink.report(
                *sidecar,
                format!(
                    "The Sidecars {} in namespace {} have no workload selector, which can lead \
                     to undefined behavior.",
                    list(names(&sidecars)),
                    quoted(namespace)
                ),
            );
        }
    }
}
