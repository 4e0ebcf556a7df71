//! IST0151: a relative patch without a priority.

use super::super::Level;
use super::super::envoy_patches::{self, Fault};
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0151",
    title: "EnvoyFilterUsesRelativeOperation",
    level: Level::Warning,
    kinds: &[Kind::EnvoyFilter],
    why: "The patch is placed relative to a filter that another EnvoyFilter may add, and no \
          priority says which of them comes first.",
    remedy: "Set priority, or use INSERT_FIRST or ADD.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0151/",
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
  - applyTo: HTTP_FILTER
    patch: {operation: INSERT_BEFORE, value: {name: envoy.filters.http.lua}}
",
        good: "
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: patch, namespace: shop}
spec:
  priority: 10
  configPatches:
  - applyTo: HTTP_FILTER
    patch: {operation: INSERT_BEFORE, value: {name: envoy.filters.http.lua}}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    envoy_patches::tell(index, Fault::Relative, sink);
}
