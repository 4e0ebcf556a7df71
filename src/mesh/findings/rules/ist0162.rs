//! IST0162: a port that no Service leads to.

use super::super::Level;
use super::super::go_text::selector;
use super::super::index::Index;
use super::super::rule::{Check, Example, Rule, Sink};
use crate::mesh::core::{IntOrName, ServicePort};
use crate::mesh::kind::Kind;
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "IST0162",
    title: "GatewayPortNotDefinedOnService",
    level: Level::Warning,
    kinds: &[Kind::Gateway],
    why: "The gateway listens on a port that no Service in front of its pods leads to, so \
          nobody reaches it through the Service.",
    remedy: "Add the port to the Service of the gateway, or listen on one that it has.",
    docs: "https://istio.io/latest/docs/reference/config/analysis/ist0162/",
    differs: "A port without protocol is TCP, as Kubernetes reads it, and a Service without \
              selector selects nothing.",
    needs: &[Kind::Pod, Kind::Service],
    check: Check::Mesh(check),
    example: Example {
        bad: "
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080, protocol: TCP}]}
---
apiVersion: v1
kind: Pod
metadata: {name: door-1, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 8443, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
",
        good: "
apiVersion: v1
kind: Service
metadata: {name: istio-ingressgateway, namespace: istio-system}
spec: {selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080, protocol: TCP}]}
---
apiVersion: v1
kind: Pod
metadata: {name: door-1, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy, image: proxyv2}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door, namespace: shop}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
",
    },
};

fn check(index: &Index<'_>, sink: &mut Sink<'_>) {
    for gateway in index.each(index.objects.gateways()) {
        let labels = &gateway.spec.selector;
        let mut pods = index.pods().selected(labels).peekable();
        if pods.peek().is_none() {
            continue;
        }
        let reached: BTreeSet<u32> = pods
            .flat_map(|pod| index.services_selecting(&pod.meta.namespace, &pod.meta.labels))
            .flat_map(|service| &service.spec.ports)
            .filter(|port| port.protocol.is_empty() || port.protocol == "TCP")
            .flat_map(numbers)
            .collect();
        for (i, server) in gateway.spec.servers.iter().enumerate() {
            let port = server.port.number;
            // A server without a port is the schema check's affair, or listens on a socket.
            if port != 0 && !reached.contains(&port) {
                sink.at(
                    gateway,
                    format!("spec.servers[{i}].port.number"),
                    format!(
                        "The gateway is listening on a target port (port {port}) that is not \
                         defined in the Service associated with its workload instances (Pod \
                         selector {}). If you need to access the gateway port through the gateway \
                         Service, it will not be available.",
                        selector(labels)
                    ),
                );
            }
        }
    }
}

/// The port's own number and its numeric target.
fn numbers(port: &ServicePort) -> impl Iterator<Item = u32> {
    let target = match &port.target_port {
        Some(IntOrName::Int(number)) if *number != 0 => u32::try_from(*number).ok(),
        _ => None,
    };
    std::iter::once(u32::from(port.port)).chain(target)
}
