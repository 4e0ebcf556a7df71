//! IST0166: a selector where targetRefs are needed.

use super::super::About;
use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::config::policy::WorkloadSelector;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0166",
    title: "IneffectiveSelector",
    level: Level::Warning,
    kinds: &[Kind::AuthorizationPolicy, Kind::RequestAuthentication, Kind::Telemetry, Kind::WasmPlugin],
    why: "Gateways of the Gateway API take policies by targetRefs, not by selectors. The \
          policy does not act on the gateway.",
    remedy: "Name the gateway in targetRefs.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0166/",
    differs: "",
    needs: &[Kind::Pod],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {gateway.networking.k8s.io/gateway-name: door, app: door}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow, namespace: shop}
spec: {selector: {matchLabels: {app: door}}, rules: [{}]}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop, labels: {gateway.networking.k8s.io/gateway-name: door, app: door}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow, namespace: shop}
spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: door}], rules: [{}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for policy in index.each(index.objects.authorization_policies()) {
        let spec = &policy.spec;
        if spec.target_ref.is_none() {
            tell(index, policy.into(), spec.selector.as_ref(), sink);
        }
    }
    let objects = &index.objects;
    let others = index
        .each(objects.request_authentications())
        .chain(index.each(objects.telemetries()))
        .chain(index.each(objects.wasm_plugins()));
    for policy in others.filter(|policy| policy.spec.target_ref.is_none()) {
        tell(index, policy.into(), policy.spec.selector.as_ref(), sink);
    }
}

fn tell(
    index: &Index<'_>,
    about: About<'_>,
    selector: Option<&WorkloadSelector>,
    sink: &mut Sink<'_>,
) {
    let Some(selector) = selector else { return };
    for pod in index.pods().selected_in(&about.meta.namespace, &selector.labels) {
        if let Some(gateway) = pod.meta.label("gateway.networking.k8s.io/gateway-name") {
            sink.at(
                about,
                "spec.selector",
                format!(
                    "Ineffective selector on Kubernetes Gateway {gateway}. Use the TargetRef \
                     field instead."
                ),
            );
        }
    }
}
