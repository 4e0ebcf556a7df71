//! Traffic by service and by namespace: rates added up from the graph, latency from histograms that
//! were added up first.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::MeshSnapshot;
use super::graph::{self, Graph, GraphInput, GraphOptions, Histogram, Latency, Protocol};
use super::health::HealthConfig;
use super::inventory::Inventory;
use super::object::Key;
use super::telemetry::{Flow, Telemetry};

/// What a service (or all services of a namespace) answered.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ServiceTraffic {
    /// Requests (HTTP and gRPC) per second; `None` without any.
    pub rate: Option<f64>,
    /// Failed requests per second.
    errors: f64,
    /// TCP bytes per second.
    pub tcp: Option<f64>,
    /// Of all callers together.
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
    /// What is called within the snapshot's scope, or from there.
    pub fn of(snapshot: &MeshSnapshot, inventory: &Inventory) -> Self {
        let Some(telemetry) = &snapshot.telemetry else { return Self::default() };
        let graph = graph::build(&GraphInput {
            objects: &snapshot.objects,
            inventory,
            telemetry: &telemetry.rates(),
            scope: &snapshot.scope,
            options: &GraphOptions::by_service(),
            health: &HealthConfig::default(),
        });
        let mut traffic = Self::added_up(&graph);
        traffic.time(telemetry);
        traffic
    }

    /// The rates of a graph whose nodes are services.
    fn added_up(graph: &Graph) -> Self {
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

    /// Notes the latency of whatever has traffic.
    fn time(&mut self, telemetry: &Telemetry) {
        let by_edge = telemetry.called_latency.rows().is_empty();
        let (buckets, sums) = if by_edge {
            (&telemetry.latency, &telemetry.latency_sum)
        } else {
            (&telemetry.called_latency, &telemetry.called_latency_sum)
        };
        let mut timed = Timed::default();
        for row in buckets.rows() {
            timed.each(&row.flow, |histogram| histogram.add(&row.buckets));
        }
        for row in sums.rows() {
            timed.each(&row.flow, |histogram| histogram.add_sum(row.rate));
        }
        for (key, histogram) in timed.services {
            if let Some(service) = self.services.get_mut(&key) {
                service.latency = histogram.latency().unwrap_or_default();
            }
        }
        for (name, histogram) in timed.namespaces {
            if let Some(namespace) = self.namespaces.get_mut(&name) {
                namespace.latency = histogram.latency().unwrap_or_default();
            }
        }
    }
}

/// Histograms of what is called.
#[derive(Default)]
struct Timed {
    services: BTreeMap<Key, Histogram>,
    namespaces: BTreeMap<Arc<str>, Histogram>,
}

impl Timed {
    /// Adds to the histograms of the service and the namespace that a flow calls.
    fn each(&mut self, flow: &Flow, add: impl Fn(&mut Histogram)) {
        let Some(namespace) =
            flow.service.namespace.as_ref().or(flow.destination.namespace.as_ref())
        else {
            return;
        };
        add(self.namespaces.entry(Arc::clone(namespace)).or_default());
        if let Some(name) = &flow.service.name {
            let key = Key { namespace: Arc::clone(namespace), name: Arc::clone(name) };
            add(self.services.entry(key).or_default());
        }
    }
}

fn add(to: &mut ServiceTraffic, edge: &graph::Edge) {
    if edge.protocol == Protocol::Tcp {
        to.tcp = Some(to.tcp.unwrap_or_default() + edge.rate);
        return;
    }
    to.rate = Some(to.rate.unwrap_or_default() + edge.rate);
    to.errors += edge.rate * edge.error_percent.unwrap_or_default() / 100.0;
    if let Some(percent) = edge.mtls_percent {
        to.mtls.0 += edge.rate * percent / 100.0;
        to.mtls.1 += edge.rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::graph::{Edge, Node};
    use crate::mesh::telemetry::{Bucket, Called, End, LatencyRow, Part};

    fn edge(source: &str, rate: f64, errors: Option<f64>) -> Edge {
        Edge {
            source: source.into(),
            target: "b".into(),
            rate,
            error_percent: errors,
            ..Edge::default()
        }
    }

    /// Ten requests a second from `source`, none of which took longer than `le` milliseconds.
    fn timed(source: &str, service: Option<&str>, le: f64) -> LatencyRow {
        let called =
            Called { namespace: Some("n".into()), name: service.map(Arc::from), host: None };
        let source = End { workload: Some(source.into()), ..End::default() };
        LatencyRow {
            flow: Flow { source, service: called, ..Flow::default() },
            buckets: [1.0, 10.0, 100.0, f64::INFINITY]
                .map(|bound| Bucket { le: bound, rate: if bound < le { 0.0 } else { 10.0 } })
                .into(),
        }
    }

    #[test]
    fn rates_add_up_errors_are_weighed_and_callers_are_timed_together() {
        let node = |id: &str| Node {
            id: id.into(),
            namespace: Some("n".into()),
            service: Some(id.into()),
            ..Node::default()
        };
        let tcp = Edge { protocol: Protocol::Tcp, ..edge("a", 500.0, None) };
        let graph = Graph {
            nodes: vec![node("a"), node("b"), node("c")],
            edges: vec![edge("a", 9.0, None), edge("c", 1.0, Some(50.0)), tcp],
            ..Graph::default()
        };
        let by_edge = Telemetry {
            latency: Part::Rows(Arc::new(vec![
                timed("a", Some("b"), 10.0),
                timed("c", Some("b"), 100.0),
            ])),
            ..Telemetry::default()
        };
        let mut traffic = Traffic::added_up(&graph);
        traffic.time(&by_edge);
        let b = traffic.services[&Key::new("n", "b")];
        assert_eq!((b.rate, b.error_percent(), b.tcp), (Some(10.0), Some(5.0), Some(500.0)));
        // Half of all within 1 to 10 ms, half within 10 to 100: neither caller alone.
        assert_eq!((b.latency.p50, b.latency.p95), (Some(10.0), Some(91.0)));
        assert_eq!(b.mtls_percent(), None);
        assert_eq!(traffic.namespaces["n"].rate, Some(10.0));
        assert_eq!(traffic.namespaces["n"].latency.p95, Some(91.0));
        assert!(!traffic.services.contains_key(&Key::new("n", "a")));
        // Where a namespace is all that was asked for, nothing is said of its services.
        let by_namespace = Telemetry {
            called_latency: Part::Rows(Arc::new(vec![timed("", None, 10.0)])),
            ..Telemetry::default()
        };
        let mut traffic = Traffic::added_up(&graph);
        traffic.time(&by_namespace);
        assert_eq!(traffic.namespaces["n"].latency.p50, Some(5.5));
        assert_eq!(traffic.services[&Key::new("n", "b")].latency, Latency::default());
    }
}
