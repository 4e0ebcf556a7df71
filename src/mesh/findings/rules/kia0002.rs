//! KIA0002: several PeerAuthentications for a whole namespace.

use super::super::Level;
use super::super::go_text::list;
use super::super::index::Index;
use super::super::overlap::{crowds, names};
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "KIA0002",
    title: "MultipleDefaultPeerAuthentications",
    level: Level::Error,
    kinds: &[Kind::PeerAuthentication],
    why: "A namespace has one PeerAuthentication without a selector in force, the oldest. The \
          others never act.",
    remedy: "Keep one, or give the others a selector.",
    docs: "https://kiali.io/docs/features/validations/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: one, namespace: shop}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: two, namespace: shop}
spec: {mtls: {mode: STRICT}}
",
        good: "
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: one, namespace: shop}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: two, namespace: shop}
spec: {selector: {matchLabels: {app: reviews}}, mtls: {mode: STRICT}}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    let defaults = index.each(index.objects.peer_authentications()).filter(|policy| {
        policy.spec.selector.as_ref().is_none_or(|selector| selector.labels.is_empty())
    });
    for (namespace, policies) in crowds(defaults) {
        for policy in &policies {
            sink.report(
                *policy,
                format!(
                    "The PeerAuthentications {} in namespace {namespace} have no selector; only \
                     the oldest acts.",
                    list(names(&policies))
                ),
            );
        }
    }
}
