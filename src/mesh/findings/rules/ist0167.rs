//! IST0167: a Sidecar where there are no sidecars.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::workloads;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0167",
    title: "IneffectivePolicy",
    level: Level::Warning,
    kinds: &[Kind::Sidecar],
    why: "The pods have no sidecar that a Sidecar could configure: they are in ambient mode.",
    remedy: "Remove the Sidecar, or take the workload out of ambient mode.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0167/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec: {egress: [{hosts: ["./*"]}]}
"#,
        good: r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec: {egress: [{hosts: ["./*"]}]}
"#,
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for sidecar in index.each(index.objects.sidecars()) {
        let own = &sidecar.meta.namespace;
        let reason = match &sidecar.spec.workload_selector {
            Some(selector) if !selector.labels.is_empty() => {
                let mut pods = index.pods().selected_in(own, &selector.labels);
                pods.any(workloads::pod_is_ambient)
                    .then_some("selected workload is in ambient mode")
            }
            _ => workloads::namespace_is_ambient(index.namespace(own))
                .then_some("namespace is in ambient mode"),
        };
        if let Some(reason) = reason {
            sink.report(
                sidecar,
                format!("The policy has no impact: {reason}, the policy has no impact."),
            );
        }
    }
}
