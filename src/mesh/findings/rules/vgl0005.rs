//! VGL0005: a pod without its sidecar, by revision or by its own label.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::workloads;
use crate::mesh::inventory::injection::{self, NamespaceInjection};
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "VGL0005",
    title: "SidecarMissing",
    level: Level::Warning,
    kinds: &[Kind::Pod],
    why: "The pod should have a sidecar, by its own label or by the revision its namespace \
          names, and has none. istioctl looks at namespaces labelled istio-injection=enabled \
          only (IST0103).",
    remedy: "Restart the workload: kubectl rollout restart deployment/NAME. If it stays without, \
             look at the injection webhook and at the events of its ReplicaSet.",
    docs: "https://istio.io/latest/docs/ops/common-problems/injection/",
    differs: "",
    needs: &[Kind::Pod, Kind::Namespace],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/rev: canary}}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop}
spec: {containers: [{name: reviews, image: reviews}]}
",
        good: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/rev: canary}}
---
apiVersion: v1
kind: Pod
metadata: {name: reviews-1, namespace: shop}
spec: {containers: [{name: reviews, image: reviews}, {name: istio-proxy, image: proxyv2}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for pod in index.pods().all() {
        let Some(namespace) = index.namespace(&pod.meta.namespace) else { continue };
        let asked = injection::of_namespace(&namespace.meta.labels);
        let told = matches!(asked, NamespaceInjection::Enabled);
        let done = matches!(pod.status.phase.as_str(), "Succeeded" | "Failed");
        let containers = pod.spec.containers.iter().chain(&pod.spec.init_containers);
        let has_proxy = workloads::proxy_image(containers).is_some();
        let covered = told || done || has_proxy || workloads::pod_is_ambient(pod);
        if !covered && injection::wants_sidecar(&asked, &pod.meta, pod.spec.host_network) {
            sink.report(*pod, format!("The pod {} should have a sidecar and has none.", pod.key()));
        }
    }
}
