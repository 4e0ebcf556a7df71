//! IST0127: an AuthorizationPolicy that covers no pod.

use super::super::Level;
use super::super::go_text::selector;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;
use crate::mesh::object::Labels;

pub(super) const RULE: Rule = Rule {
    code: "IST0127",
    title: "NoMatchingWorkloadsFound",
    level: Level::Warning,
    kinds: &[Kind::AuthorizationPolicy],
    why: "No pod in the mesh is covered by the policy, so it protects nothing.",
    remedy: "Correct the selector, or remove the policy.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0127/",
    differs: "Policies with targetRefs are not judged by pods; istioctl does not look at \
              targetRefs and says that nothing matches.",
    needs: &[Kind::Pod],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow, namespace: shop}
spec: {selector: {matchLabels: {app: review}}, rules: [{}]}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, rules: [{}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for policy in index.each(index.objects.authorization_policies()) {
        let spec = &policy.spec;
        if spec.target_ref.is_some() || !spec.target_refs.is_empty() {
            continue;
        }
        let own = &policy.meta.namespace;
        let nothing = Labels::new();
        let labels = spec.selector.as_ref().map_or(&nothing, |selector| &selector.labels);
        let covered = if **own == *index.mesh.root_namespace {
            spec.selector.is_none() || index.pods().selected(labels).any(|pod| index.is_meshed(pod))
        } else {
            index.pods().selected_in(own, labels).any(|pod| index.is_meshed(pod))
        };
        if !covered {
            sink.at(
                policy,
                "spec.selector",
                format!(
                    "No matching workloads for this resource with the following labels: {}",
                    selector(labels)
                ),
            );
        }
    }
}
