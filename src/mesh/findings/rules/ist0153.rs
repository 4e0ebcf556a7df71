//! IST0153: ADD where it does nothing.

use super::super::Level;
use super::super::envoy_patches::{self, Fault};
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0153",
    title: "EnvoyFilterUsesAddOperationIncorrectly",
    level: Level::Error,
    kinds: &[Kind::EnvoyFilter],
    why: "ADD has no effect on what this patch applies to.",
    remedy: "Use MERGE, or apply it to something that can be added to.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0153/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: patch, namespace: shop}
spec:
  configPatches:
  - applyTo: HTTP_ROUTE
    patch: {operation: ADD, value: {name: envoy.filters.http.lua}}
",
        good: "
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: patch, namespace: shop}
spec:
  configPatches:
  - applyTo: HTTP_ROUTE
    patch: {operation: MERGE, value: {name: envoy.filters.http.lua}}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    envoy_patches::tell(index, Fault::Add, sink);
}
