//! IST0103: a pod without its sidecar.

use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::{Level, workloads};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0103",
    title: "PodMissingProxy",
    level: Level::Warning,
    kinds: &[Kind::Pod],
    why: "The namespace asks for sidecars and this pod has none, most often because it is older \
          than the label. No rule of the mesh acts on its requests, and mutual TLS fails to it.",
    remedy: "Restart the workload: kubectl rollout restart deployment/NAME.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0103/",
    differs: "",
    needs: &[Kind::Namespace, Kind::Pod],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop}
spec: {containers: [{name: reviews, image: reviews}]}
",
        good: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop}
spec: {containers: [{name: reviews, image: reviews}, {name: istio-proxy, image: proxyv2}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for namespace in index.namespaces().values() {
        let labels = &namespace.meta;
        let injected = labels.label("istio-injection") == Some("enabled")
            && labels.label("istio.io/dataplane-mode") != Some("ambient");
        if !injected {
            continue;
        }
        for pod in index.pods().of_namespace(&namespace.meta.name) {
            let opted_out = workloads::asked(&pod.meta)
                .is_some_and(|asked| asked.eq_ignore_ascii_case("false"));
            let mut containers = pod.spec.containers.iter().chain(&pod.spec.init_containers);
            let has_proxy = containers
                .find(|container| container.name == "istio-proxy")
                .is_some_and(|proxy| !proxy.image.is_empty());
            if !opted_out && !pod.spec.host_network && !has_proxy {
                sink.report(
                    pod,
                    format!(
                        "The pod {} is missing the Istio proxy. This can often be resolved by \
                         restarting or redeploying the workload.",
                        pod.key()
                    ),
                );
            }
        }
    }
}
