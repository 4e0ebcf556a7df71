//! KIA0003: two PeerAuthentications for one pod.

use super::super::Level;
use super::super::go_text::list;
use super::super::index::Index;
use super::super::overlap::{claims, names};
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "KIA0003",
    title: "ConflictingPeerAuthenticationSelectors",
    level: Level::Error,
    kinds: &[Kind::PeerAuthentication],
    why: "Two PeerAuthentications select the same pod. Only the oldest acts on it.",
    remedy: "Narrow the selectors until each pod is selected once.",
    docs: "https://kiali.io/docs/features/validations/",
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
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: one, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: two, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {app: reviews}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: one, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let policies = index
        .each(index.objects.peer_authentications())
        .filter_map(|policy| Some((policy, &policy.spec.selector.as_ref()?.labels)));
    for claim in claims(index, policies) {
        for policy in &claim.objects {
            sink.at(
                *policy,
                "spec.selector",
                format!(
                    "The PeerAuthentications {} select the same pod {}; only the oldest acts on it.",
                    list(names(&claim.objects)),
                    claim.pod.key()
                ),
            );
        }
    }
}
