//! Example graphs, built by hand: what the layout's tests and benches draw.

use std::collections::BTreeMap;
use std::time::Duration;

use vigla::mesh::graph::{
    Edge, Graph, GraphOptions, Health, HttpTraffic, Latency, Node, NodeFlag, NodeId, NodeType,
    Protocol, TcpTraffic, Unit,
};

/// Puts a graph together; nodes and edges may be told in any order.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Where each node is.
    at: BTreeMap<NodeId, usize>,
}

impl Builder {
    /// A version of an app; `name` is `app` or `app version`, `namespace/` may come before.
    pub(crate) fn node(&mut self, name: &str) -> &mut Node {
        let id = id(name);
        if let Some(&at) = self.at.get(&id) {
            return &mut self.nodes[at];
        }
        let (namespace, rest) = name.split_once('/').unwrap_or(("default", name));
        let (app, version) = rest.split_once(' ').unwrap_or((rest, ""));
        let at = self.nodes.len();
        self.at.insert(id.clone(), at);
        self.nodes.push(Node {
            id,
            node_type: NodeType::App,
            cluster: Some("Kubernetes".into()),
            namespace: Some(namespace.into()),
            app: Some(app.into()),
            version: (!version.is_empty()).then(|| version.into()),
            health: Health::Healthy,
            ..Node::default()
        });
        &mut self.nodes[at]
    }

    /// A call over HTTP, with its rate.
    pub(crate) fn call(&mut self, from: &str, to: &str, rate: f64) -> &mut Edge {
        self.edge(from, to, rate, Protocol::Http)
    }

    pub(crate) fn edge(
        &mut self,
        from: &str,
        to: &str,
        rate: f64,
        protocol: Protocol,
    ) -> &mut Edge {
        let (source, target) = (id(from), id(to));
        for (name, incoming) in [(from, false), (to, true)] {
            let traffic = &mut self.node(name).traffic;
            if protocol == Protocol::Tcp {
                let tcp = traffic.tcp.get_or_insert_with(TcpTraffic::default);
                *if incoming { &mut tcp.incoming } else { &mut tcp.outgoing } += rate;
            } else {
                let http = traffic.http.get_or_insert_with(HttpTraffic::default);
                *if incoming { &mut http.incoming } else { &mut http.outgoing } += rate;
            }
        }
        let unit = if protocol == Protocol::Tcp { Unit::Bytes } else { Unit::Requests };
        let health = Health::Healthy;
        let at = self.edges.len();
        self.edges.push(Edge { source, target, protocol, rate, unit, health, ..Edge::default() });
        &mut self.edges[at]
    }

    pub(crate) fn build(mut self) -> Graph {
        self.nodes.sort_by(|a, b| a.id.cmp(&b.id));
        self.edges.sort_by(|a, b| {
            (&a.source, &a.target, a.protocol).cmp(&(&b.source, &b.target, b.protocol))
        });
        Graph {
            options: GraphOptions::default(),
            window: Duration::from_secs(60),
            nodes: self.nodes,
            edges: self.edges,
            ..Graph::default()
        }
    }
}

/// The id that the graph gives a version of an app.
pub(crate) fn id(name: &str) -> NodeId {
    let (namespace, rest) = name.split_once('/').unwrap_or(("default", name));
    format!("app:Kubernetes/{namespace}/{}", rest.replace(' ', "/")).into()
}

impl From<Graph> for Builder {
    fn from(graph: Graph) -> Self {
        let at = graph.nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        Self { nodes: graph.nodes, edges: graph.edges, at }
    }
}

fn timed(edge: &mut Edge, share: f64, p95: f64) -> &mut Edge {
    edge.share_percent = Some(share);
    edge.latency_ms = Some(Latency {
        avg: Some(p95 / 3.0),
        p50: Some(p95 / 2.0),
        p95: Some(p95),
        p99: Some(p95 * 3.0),
    });
    edge.mtls_percent = Some(100.0);
    edge
}

/// Bookinfo, v3 of reviews failing a little when it calls ratings.
pub(crate) fn bookinfo() -> Graph {
    let mut graph = Builder::default();
    let gateway = "istio-system/istio-ingressgateway";
    graph.node(gateway).flags = vec![NodeFlag::Root, NodeFlag::Gateway];
    timed(graph.call(gateway, "productpage v1", 4.1), 100.0, 41.0);
    timed(graph.call("productpage v1", "details v1", 4.1), 100.0, 3.0);
    timed(graph.call("productpage v1", "reviews v1", 1.36), 33.0, 9.0);
    timed(graph.call("productpage v1", "reviews v2", 1.36), 33.0, 18.0);
    let slow = timed(graph.call("productpage v1", "reviews v3", 1.4), 34.0, 21.0);
    slow.error_percent = Some(1.2);
    slow.health = Health::Degraded;
    timed(graph.call("reviews v2", "ratings v1", 1.36), 100.0, 7.0);
    let failing = timed(graph.call("reviews v3", "ratings v1", 1.4), 100.0, 7.0);
    failing.error_percent = Some(3.7);
    failing.rate_5xx = Some(0.05);
    failing.health = Health::Degraded;
    graph.node("reviews v3").health = Health::Degraded;
    graph.node("ratings v1").health = Health::Degraded;
    if let Some(http) = &mut graph.node("ratings v1").traffic.http {
        http.in_5xx = 0.05;
    }
    graph.build()
}

/// Online Boutique: one entrance, a checkout that calls everything, a failing payment.
pub(crate) fn boutique() -> Graph {
    let mut graph = Builder::default();
    for (from, to, rate) in [
        ("loadgenerator", "frontend", 12.0),
        ("unknown", "frontend", 0.1),
        ("frontend", "cartservice", 5.5),
        ("frontend", "currency", 14.1),
        ("frontend", "shipping", 0.7),
        ("frontend", "checkout", 0.7),
        ("frontend", "adservice", 3.1),
        ("frontend", "recommendation", 4.0),
        ("frontend", "productcatalog", 12.2),
        ("checkout", "cartservice", 0.7),
        ("checkout", "currency", 0.7),
        ("checkout", "shipping", 0.7),
        ("checkout", "email", 0.7),
        ("checkout", "productcatalog", 0.9),
        ("recommendation", "productcatalog", 9.3),
    ] {
        timed(graph.call(from, to, rate), 100.0, 12.0);
    }
    let failing = timed(graph.call("checkout", "payment", 0.7), 100.0, 90.0);
    failing.error_percent = Some(14.0);
    failing.health = Health::Failure;
    graph.node("payment").health = Health::Failure;
    graph.node("checkout").health = Health::Degraded;
    graph.node("cartservice").health = Health::Degraded;
    graph.edge("cartservice", "redis-cart", 6_900.0, Protocol::Tcp);
    graph.build()
}

/// Calls both ways, a call back to an earlier service, and a service that calls itself.
pub(crate) fn two_way() -> Graph {
    let mut graph = Builder::default();
    for (from, to, rate) in [
        ("web", "orders", 31.0),
        ("web", "fraud", 2.0),
        ("orders", "payments", 30.0),
        ("payments", "orders", 3.0),
        ("payments", "fraud", 12.0),
        ("payments", "ledger", 29.0),
        ("orders", "ledger", 15.0),
        ("ledger", "orders", 1.0),
        ("fraud", "fraud", 0.4),
    ] {
        graph.call(from, to, rate);
    }
    graph.node("payments").health = Health::Failure;
    graph.build()
}

/// Three parts that no call joins, and two services without calls.
pub(crate) fn islands() -> Graph {
    let mut graph = Builder::default();
    graph.call("web", "cart", 5.0);
    graph.call("cart", "store", 5.0);
    graph.call("web", "users", 2.0);
    graph.call("mail", "queue", 1.0);
    graph.call("cron", "report", 0.1);
    graph.node("idle-a");
    graph.node("idle-b");
    graph.build()
}
