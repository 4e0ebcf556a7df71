//! IST0102: a namespace without a word about injection.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::ist0148::{by_default, undecided};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0102",
    title: "NamespaceNotInjected",
    level: Level::Info,
    kinds: &[Kind::Namespace],
    why: "Pods of this namespace get no sidecar, so they are not in the mesh. That may be what \
          is wanted; nothing says so.",
    remedy: "Label the namespace istio-injection=enabled, or istio-injection=disabled to say that \
             it is left out on purpose.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0102/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
",
        good: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: disabled}}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    if by_default(index) {
        return;
    }
    for (name, namespace) in index.namespaces() {
        if undecided(namespace) {
            sink.report(
                *namespace,
                format!(
                    "The namespace is not enabled for Istio injection. Run 'kubectl label \
                     namespace {name} istio-injection=enabled' to enable it, or 'kubectl label \
                     namespace {name} istio-injection=disabled' to explicitly mark it as not \
                     needing injection."
                ),
            );
        }
    }
}
