//! VGL0002: weights that traffic contradicts.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "VGL0002",
    title: "SplitNotFollowed",
    level: Level::Warning,
    kinds: &[Kind::VirtualService],
    why: "Traffic does not follow the configured weights, by more than chance explains. Most \
          often another rule is in force, callers have no sidecar, or long connections keep to \
          one version.",
    remedy: "Run vigla split SERVICE for the figures, and vigla route for one request to see \
             which rule takes it.",
    docs: "https://istio.io/latest/docs/tasks/traffic-management/traffic-shifting/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
# Traffic since the last change: 50 % configured for v2, 80 % seen.
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: canary, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v1}, weight: 50}, {destination: {host: reviews, subset: v2}, weight: 50}]}]}
",
        good: "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for split in &index.evidence().contradicted {
        if let Some(service) = index.objects.virtual_services().get(&split.virtual_service) {
            let message =
                format!("Traffic to {} contradicts the weights: {}", split.host, split.explanation);
            sink.at(&**service, "spec.http", message);
        }
    }
}
