//! IST0160: two Telemetries for a whole namespace.

use super::super::Level;
use super::super::go_text::{list, quoted};
use super::super::index::Index;
use super::super::overlap::{crowds, names};
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0160",
    title: "MultipleTelemetriesWithoutWorkloadSelectors",
    level: Level::Error,
    kinds: &[Kind::Telemetry],
    why: "A namespace has one default Telemetry. With two, which of them acts is not defined.",
    remedy: "Keep one, and give the others a selector or targetRefs.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0160/",
    differs: "Telemetries with targetRefs are not for a whole namespace; istioctl counts them.",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: one, namespace: shop}
spec: {metrics: []}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: two, namespace: shop}
spec: {metrics: []}
",
        good: "
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: one, namespace: shop}
spec: {metrics: []}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let defaults = index.each(index.objects.telemetries()).filter(|telemetry| {
        let spec = &telemetry.spec;
        spec.selector.is_none() && spec.target_ref.is_none() && spec.target_refs.is_empty()
    });
    for (namespace, telemetries) in crowds(defaults) {
        for telemetry in &telemetries {
            sink.report(
                *telemetry,
                format!(
                    "The Telemetries {} in namespace {} have no workload selector, which can lead \
                     to undefined behavior.",
                    list(names(&telemetries)),
                    quoted(namespace)
                ),
            );
        }
    }
}
