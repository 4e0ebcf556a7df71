//! IST0137: one target port, two port numbers.

use super::super::Level;
use super::super::go_text::{list, quoted};
use super::super::index::Index;
use super::super::ports::target_text;
use super::super::rule::{Check, Example, Rule, Sink};
use super::ist0116::meshed;
use crate::mesh::kind::Kind;
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    code: "IST0137",
    title: "DeploymentConflictingPorts",
    level: Level::Warning,
    kinds: &[Kind::Deployment],
    why: "Two Services reach the same target port of the same pods through different port \
          numbers. For inbound traffic the sidecar knows the target port only once, so the \
          settings of one Service may act on the other.",
    remedy: "Use one port number for the target port, or give the workload a second port.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0137/",
    differs: "",
    needs: &[Kind::Service],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews, namespace: shop}
spec:
  template: {metadata: {labels: {app: reviews}}, spec: {containers: [{name: reviews, image: reviews}]}}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80, targetPort: 9080}]}
---
apiVersion: v1
kind: Service
metadata: {name: reviews-too, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 81, targetPort: 9080}]}
",
        good: "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reviews, namespace: shop}
spec:
  template: {metadata: {labels: {app: reviews}}, spec: {containers: [{name: reviews, image: reviews}]}}
---
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80, targetPort: 9080}]}
---
apiVersion: v1
kind: Service
metadata: {name: reviews-too, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80, targetPort: 9080}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for deployment in meshed(index) {
        let own = &deployment.meta.namespace;
        let labels = &deployment.spec.template.metadata.labels;
        let mut targets: BTreeMap<String, BTreeMap<u16, String>> = BTreeMap::new();
        for service in index.services_selecting(own, labels) {
            for port in &service.spec.ports {
                let written = target_text(port);
                let unset = written == "0" || written.is_empty();
                let target = if unset { port.port.to_string() } else { written };
                let numbers = targets.entry(target).or_default();
                numbers.insert(port.port, service.key().to_string());
            }
        }
        for (target, numbers) in targets.iter().filter(|(_, numbers)| numbers.len() > 1) {
            let mut names: Vec<&String> = numbers.values().collect();
            names.sort();
            sink.report(
                deployment,
                format!(
                    "This deployment {} is associated with multiple services {} using targetPort \
                     {} but different ports: {}.",
                    deployment.meta.name,
                    list(names),
                    quoted(target),
                    list(numbers.keys())
                ),
            );
        }
    }
}
