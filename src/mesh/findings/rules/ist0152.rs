//! IST0152: REPLACE where it does nothing.

use super::super::Level;
use super::super::envoy_patches::{self, Fault};
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0152",
    title: "EnvoyFilterUsesReplaceOperationIncorrectly",
    level: Level::Error,
    kinds: &[Kind::EnvoyFilter],
    why: "REPLACE has no effect on what this patch applies to.",
    remedy: "Apply it to HTTP_FILTER or NETWORK_FILTER, or use MERGE.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0152/",
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
  - applyTo: CLUSTER
    patch: {operation: REPLACE, value: {name: envoy.filters.http.lua}}
",
        good: "
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: patch, namespace: shop}
spec:
  configPatches:
  - applyTo: CLUSTER
    patch: {operation: MERGE, value: {name: envoy.filters.http.lua}}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    envoy_patches::tell(index, Fault::Replace, sink);
}
