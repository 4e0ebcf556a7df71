//! IST0116: one port, two protocols.

use super::super::Level;
use super::super::go_text::list;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use super::super::workloads;
use crate::mesh::core::Controller;
use crate::mesh::kind::Kind;
use crate::mesh::object::Resource;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULE: Rule = Rule {
    code: "IST0116",
    title: "DeploymentAssociatedToMultipleServices",
    level: Level::Warning,
    kinds: &[Kind::Deployment],
    why: "Two Services reach the same pods on one port number with different protocols. The \
          sidecar can treat the port only one way.",
    remedy: "Use one protocol for the port, or different ports.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0116/",
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
spec: {selector: {app: reviews}, ports: [{name: http, port: 80, protocol: TCP}]}
---
apiVersion: v1
kind: Service
metadata: {name: reviews-udp, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: udp, port: 80, protocol: UDP}]}
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
spec: {selector: {app: reviews}, ports: [{name: http, port: 80, protocol: TCP}]}
---
apiVersion: v1
kind: Service
metadata: {name: reviews-too, namespace: shop}
spec: {selector: {app: reviews}, ports: [{name: http, port: 80, protocol: TCP}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for deployment in meshed(index) {
        let own = &deployment.meta.namespace;
        let labels = &deployment.spec.template.metadata.labels;
        let mut uses: BTreeMap<u16, (BTreeSet<&str>, Vec<String>)> = BTreeMap::new();
        for service in index.services_selecting(own, labels) {
            for port in &service.spec.ports {
                let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
                let (protocols, names) = uses.entry(port.port).or_default();
                protocols.insert(protocol);
                names.push(service.key().to_string());
            }
        }
        for (port, (protocols, mut names)) in uses {
            if protocols.len() > 1 {
                names.sort();
                sink.report(
                    deployment,
                    format!(
                        "This deployment {} is associated with multiple services using port \
                         {port} but different protocols: {}",
                        deployment.meta.name,
                        list(names)
                    ),
                );
            }
        }
    }
}

/// Deployments in the mesh, but for those that run waypoints.
pub(super) fn meshed<'a>(index: &Index<'a>) -> impl Iterator<Item = &'a Resource<Controller>> {
    let managed = "gateway.istio.io/managed";
    index.each(index.objects.deployments()).filter(move |deployment| {
        deployment.meta.label(managed) != Some("istio.io-mesh-controller")
            && workloads::template_in_mesh(
                &deployment.spec.template,
                index.namespace(&deployment.meta.namespace),
            )
    })
}
