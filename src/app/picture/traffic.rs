//! Traffic by service and by namespace, added up from the graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::mesh::graph::{Graph, Latency, Protocol};
use crate::mesh::object::Key;

/// What a service (or all services of a namespace) answered.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ServiceTraffic {
    /// Requests (HTTP and gRPC) per second; `None` without any.
    pub rate: Option<f64>,
    /// Failed requests per second.
    errors: f64,
    /// TCP bytes per second.
    pub tcp: Option<f64>,
    /// Of the slowest caller's view that carries at least a tenth of the traffic: quantiles
    /// cannot be averaged.
    pub latency: Latency,
    /// Requests under mutual TLS, per second, and the requests of which it is known.
    mtls: (f64, f64),
}

impl ServiceTraffic {
    /// Percent of the requests that failed.
    pub fn error_percent(&self) -> Option<f64> {
        self.rate.filter(|rate| *rate > 0.0).map(|rate| 100.0 * self.errors / rate)
    }

    /// Percent of the requests that came under mutual TLS.
    pub fn mtls_percent(&self) -> Option<f64> {
        (self.mtls.1 > 0.0).then(|| 100.0 * self.mtls.0 / self.mtls.1)
    }
}

/// Traffic of everything that is called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Traffic {
    pub services: BTreeMap<Key, ServiceTraffic>,
    pub namespaces: BTreeMap<Arc<str>, ServiceTraffic>,
}

impl Traffic {
    /// From a graph whose nodes are services.
    pub fn of(graph: &Graph) -> Self {
        let mut traffic = Self::default();
        for edge in &graph.edges {
            let Some(node) = graph.node(&edge.target) else { continue };
            let Some(namespace) = &node.namespace else { continue };
            if let Some(service) = node.service.as_ref().or(node.app.as_ref()) {
                let key = Key { namespace: Arc::clone(namespace), name: Arc::clone(service) };
                add(traffic.services.entry(key).or_default(), edge);
            }
            add(traffic.namespaces.entry(Arc::clone(namespace)).or_default(), edge);
        }
        traffic
    }
}

fn add(to: &mut ServiceTraffic, edge: &crate::mesh::graph::Edge) {
    if edge.protocol == Protocol::Tcp {
        to.tcp = Some(to.tcp.unwrap_or_default() + edge.rate);
        return;
    }
    let before = to.rate.unwrap_or_default();
    let rate = before + edge.rate;
    to.rate = Some(rate);
    to.errors += edge.rate * edge.error_percent.unwrap_or_default() / 100.0;
    if let Some(percent) = edge.mtls_percent {
        to.mtls.0 += edge.rate * percent / 100.0;
        to.mtls.1 += edge.rate;
    }
    if let Some(latency) = edge.latency_ms.filter(|_| edge.rate >= before / 9.0) {
        to.latency = Latency {
            avg: worse(to.latency.avg, latency.avg),
            p50: worse(to.latency.p50, latency.p50),
            p95: worse(to.latency.p95, latency.p95),
            p99: worse(to.latency.p99, latency.p99),
        };
    }
}

fn worse(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::graph::{Edge, Node};

    fn edge(source: &str, rate: f64, errors: Option<f64>, p95: f64) -> Edge {
        Edge {
            source: source.into(),
            target: "b".into(),
            rate,
            error_percent: errors,
            latency_ms: Some(Latency { p95: Some(p95), ..Latency::default() }),
            ..Edge::default()
        }
    }

    #[test]
    fn rates_add_up_errors_are_weighed_and_the_slowest_counts() {
        let node = |id: &str| Node {
            id: id.into(),
            namespace: Some("n".into()),
            service: Some(id.into()),
            ..Node::default()
        };
        let tcp = Edge { protocol: Protocol::Tcp, ..edge("a", 500.0, None, 0.0) };
        let graph = Graph {
            nodes: vec![node("a"), node("b"), node("c")],
            edges: vec![edge("a", 9.0, None, 20.0), edge("c", 1.0, Some(50.0), 90.0), tcp],
            ..Graph::default()
        };
        let traffic = Traffic::of(&graph);
        let b = traffic.services[&Key::new("n", "b")];
        assert_eq!((b.rate, b.error_percent(), b.tcp), (Some(10.0), Some(5.0), Some(500.0)));
        assert_eq!((b.latency.p95, b.mtls_percent()), (Some(90.0), None));
        assert_eq!(traffic.namespaces["n"].rate, Some(10.0));
        assert!(!traffic.services.contains_key(&Key::new("n", "a")));
    }
}
