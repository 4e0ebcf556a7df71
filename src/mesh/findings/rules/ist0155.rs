//! IST0155: a relative patch beside one for some versions.

use super::super::Level;
use super::super::envoy_patches::{self, Fault};
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0155",
    title: "EnvoyFilterUsesRelativeOperationWithProxyVersion",
    level: Level::Warning,
    kinds: &[Kind::EnvoyFilter],
    why: "The patch is placed relative to a filter that is patched for some proxy versions \
          only; during an upgrade it may have nothing to be placed by.",
    remedy: "Set priority, or use INSERT_FIRST or ADD.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0155/",
    differs: "EnvoyFilters are read by namespace and name; in istioctl their order, and so the \
              choice between IST0151 and IST0155, is not defined.",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: r#"
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: patch, namespace: shop}
spec:
  configPatches:
  - {applyTo: HTTP_FILTER, match: {proxy: {proxyVersion: "^1.*"}}, patch: {operation: INSERT_FIRST, value: {name: envoy.filters.http.lua}}}
  - {applyTo: HTTP_FILTER, patch: {operation: INSERT_AFTER, value: {name: envoy.filters.http.lua}}}
"#,
        good: r#"
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: patch, namespace: shop}
spec:
  priority: 10
  configPatches:
  - {applyTo: HTTP_FILTER, match: {proxy: {proxyVersion: "^1.*"}}, patch: {operation: INSERT_FIRST, value: {name: envoy.filters.http.lua}}}
  - {applyTo: HTTP_FILTER, patch: {operation: INSERT_AFTER, value: {name: envoy.filters.http.lua}}}
"#,
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    envoy_patches::tell(index, Fault::RelativeWithVersion, sink);
}
