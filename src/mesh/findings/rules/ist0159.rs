//! IST0159: two Telemetries for one pod.

use super::super::Level;
use super::super::go_text::{list, quoted};
use super::super::index::Index;
use super::super::overlap::{claims, names};
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0159",
    title: "ConflictingTelemetryWorkloadSelectors",
    level: Level::Error,
    kinds: &[Kind::Telemetry],
    why: "Two Telemetries select the same pod. Only one of them acts, and which is not \
          defined.",
    remedy: "Narrow the selectors until each pod is selected once.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0159/",
    differs: "",
    needs: &[Kind::Pod],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: one, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: two, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: one, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let telemetries = index
        .each(index.objects.telemetries())
        .filter_map(|telemetry| Some((telemetry, &telemetry.spec.selector.as_ref()?.labels)));
    for claim in claims(index, telemetries) {
        for telemetry in &claim.objects {
            sink.at(
                *telemetry,
                "spec.selector",
                format!(
                    "The Telemetries {} in namespace {} select the same workload pod {}, which \
                     can lead to undefined behavior.",
                    list(names(&claim.objects)),
                    quoted(&claim.pod.meta.namespace),
                    quoted(&claim.pod.meta.name)
                ),
            );
        }
    }
}
