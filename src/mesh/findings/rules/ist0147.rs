//! IST0147: a pod that was not injected and waits for its image.

use super::super::Level;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::ist0146::waits_for_image;
use crate::mesh::kind::Kind;

pub(super) const RULE: Rule = Rule {
    code: "IST0147",
    title: "ImageAutoWithoutInjectionError",
    level: Level::Error,
    kinds: &[Kind::Pod],
    why: "The pod was created with the proxy's image left to injection, and was not injected. \
          Its proxy cannot start.",
    remedy: "Make the injection webhook select the pod, then create it again.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0147/",
    differs: "",
    needs: &[],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Pod
metadata: {name: door-1, namespace: shop}
spec: {containers: [{name: istio-proxy, image: auto}]}
",
        good: "
apiVersion: v1
kind: Pod
metadata: {name: door-1, namespace: shop}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for pod in index.pods().all() {
        if pod.spec.containers.iter().any(waits_for_image) {
            sink.report(
                *pod,
                format!(
                    "Pod {} contains `image: auto` but does not match any Istio injection webhook \
                     selectors.",
                    pod.meta.name
                ),
            );
        }
    }
}
