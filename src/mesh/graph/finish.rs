//! From sums to the answer: shares, percentages, latencies, flags and health; sorted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::identity::Naming;
use super::ledger::{EdgeDraft, EdgeKey, Ledger, Measured, NodeDraft};
use super::marks::Marks;
use super::{
    Edge, Graph, GraphInput, GrpcTraffic, HttpTraffic, Latency, Node, NodeFlag, NodeTraffic,
    NodeType, Protocol, RateKind, Response, TcpTraffic, Throughput, Unit, verdict,
};
use crate::mesh::inventory::Workload;

/// Puts the answer together.
pub(super) fn graph(input: &GraphInput<'_>, naming: &Naming, ledger: &Ledger) -> Graph {
    let mut nodes = Vec::with_capacity(ledger.nodes.len());
    let mut behind = Vec::with_capacity(ledger.nodes.len());
    for draft in &ledger.nodes {
        let (made, workloads) = node(draft, input, naming);
        nodes.push(made);
        behind.push(workloads);
    }
    let mut edges = BTreeMap::new();
    for (key, draft) in &ledger.edges {
        if let (Some(source), Some(target)) = (nodes.get(key.0), nodes.get(key.1)) {
            let name = (Arc::clone(&source.id), Arc::clone(&target.id), key.2);
            let share = ledger.whole(*key, draft).map(|whole| 100.0 * draft.rate / whole);
            let made = edge(&name, draft, share, input);
            edges.insert(name, (*key, made));
        }
    }
    let mut edges: Vec<(EdgeKey, Edge)> = edges.into_values().collect();
    for (key, edge) in &edges {
        add_traffic(&mut nodes, *key, edge);
    }
    mark_roots(&mut nodes, &edges);
    remove_vanished(&mut nodes, &mut edges, &behind, input);
    verdict::judge(&mut nodes, &mut edges, &behind, input);
    let mut nodes: Vec<Node> = nodes.into_iter().filter(|node| !node.id.is_empty()).collect();
    nodes.sort_by(|a, b| a.id.cmp(&b.id));
    Graph {
        options: input.options.clone(),
        evaluated_at: input.telemetry.evaluated_at,
        window: input.telemetry.window,
        nodes,
        edges: edges.into_iter().map(|(_, edge)| edge).collect(),
    }
}

/// A node without its traffic, and the workloads behind it.
fn node<'a>(
    draft: &NodeDraft,
    input: &GraphInput<'a>,
    naming: &Naming,
) -> (Node, Vec<&'a Workload>) {
    let identity = &draft.identity;
    let marks = Marks::of(draft, input, naming);
    let only = |names: &std::collections::BTreeSet<Arc<str>>| {
        names.iter().next().filter(|_| names.len() == 1).cloned()
    };
    let is_workload = identity.kind == NodeType::Workload;
    let is_service = identity.kind == NodeType::Service;
    let whole_app = identity.kind == NodeType::App && identity.version.is_none();
    let workload = identity.workload.clone().or_else(|| only(&draft.workloads));
    let version = identity.version.clone().or_else(|| only(&draft.versions));
    let unserved = (draft.unserved > 0.0).then(|| percent(draft.unserved, draft.asked)).flatten();
    let node = Node {
        id: identity.id(),
        node_type: identity.kind,
        cluster: identity.cluster.clone(),
        namespace: identity.namespace.clone(),
        app: identity.app.clone().or_else(|| only(&draft.apps).filter(|_| is_workload)),
        version: version.filter(|_| !whole_app && !is_service),
        workload: workload.filter(|_| !whole_app && !is_service),
        service: identity.service.clone(),
        flags: marks.flags,
        pods: marks.pods,
        unserved_percent: unserved,
        latency_ms: draft.measured.latency.latency().map(rounded_latency),
        throughput: throughput(&draft.measured),
        ..Node::default()
    };
    (node, marks.workloads)
}

fn edge(
    name: &(Arc<str>, Arc<str>, Protocol),
    draft: &EdgeDraft,
    share: Option<f64>,
    input: &GraphInput<'_>,
) -> Edge {
    let protocol = name.2;
    let messages = protocol == Protocol::Grpc && input.options.grpc != RateKind::Requests;
    let http = protocol == Protocol::Http;
    let judged = http || (protocol == Protocol::Grpc && !messages);
    let if_http = |rate: f64| http.then(|| rounded(rate));
    let failed = draft.rate_4xx + draft.rate_5xx + draft.rate_err + draft.rate_no_response;
    let responses = draft.responses.iter().map(|([code, flags, host], &rate)| Response {
        code: Arc::clone(code),
        flags: Arc::clone(flags),
        host: Arc::clone(host),
        rate: rounded(rate),
    });
    Edge {
        source: Arc::clone(&name.0),
        target: Arc::clone(&name.1),
        protocol,
        rate: rounded(draft.rate),
        unit: match protocol {
            Protocol::Tcp => Unit::Bytes,
            _ if messages => Unit::Messages,
            _ => Unit::Requests,
        },
        rate_3xx: if_http(draft.rate_3xx),
        rate_4xx: if_http(draft.rate_4xx),
        rate_5xx: if_http(draft.rate_5xx),
        rate_err: (judged && !http).then(|| rounded(draft.rate_err)),
        rate_no_response: judged.then(|| rounded(draft.rate_no_response)),
        error_percent: if judged { percent(failed, draft.rate) } else { None },
        share_percent: share.map(rounded),
        responses: responses.collect(),
        latency_ms: draft.measured.latency.latency().map(rounded_latency),
        throughput: throughput(&draft.measured),
        mtls_percent: percent(draft.secured, draft.judged),
        ..Edge::default()
    }
}

fn add_traffic(nodes: &mut [Node], key: EdgeKey, edge: &Edge) {
    let rate = |rate: Option<f64>| rate.unwrap_or_default();
    if edge.rate <= 0.0 {
        return;
    }
    for (at, incoming) in [(key.0, false), (key.1, true)] {
        let Some(node) = nodes.get_mut(at) else { continue };
        match edge.protocol {
            Protocol::Http => {
                let sum = node.traffic.http.get_or_insert_with(HttpTraffic::default);
                if incoming {
                    add(&mut sum.incoming, edge.rate);
                    add(&mut sum.in_3xx, rate(edge.rate_3xx));
                    add(&mut sum.in_4xx, rate(edge.rate_4xx));
                    add(&mut sum.in_5xx, rate(edge.rate_5xx));
                    add(&mut sum.in_no_response, rate(edge.rate_no_response));
                } else {
                    add(&mut sum.outgoing, edge.rate);
                }
            }
            Protocol::Grpc => {
                let sum = node.traffic.grpc.get_or_insert_with(GrpcTraffic::default);
                if incoming {
                    add(&mut sum.incoming, edge.rate);
                    add(&mut sum.in_err, rate(edge.rate_err));
                    add(&mut sum.in_no_response, rate(edge.rate_no_response));
                } else {
                    add(&mut sum.outgoing, edge.rate);
                }
            }
            Protocol::Tcp => {
                let sum = node.traffic.tcp.get_or_insert_with(TcpTraffic::default);
                add(if incoming { &mut sum.incoming } else { &mut sum.outgoing }, edge.rate);
            }
        }
    }
}

fn add(sum: &mut f64, rate: f64) {
    *sum = rounded(*sum + rate);
}

fn mark_roots(nodes: &mut [Node], edges: &[(EdgeKey, Edge)]) {
    let mut ends = vec![(false, false); nodes.len()];
    for (key, _) in edges {
        if let Some(source) = ends.get_mut(key.0) {
            source.0 = true;
        }
        if let Some(target) = ends.get_mut(key.1) {
            target.1 = true;
        }
    }
    for (node, (calls, is_called)) in nodes.iter_mut().zip(ends) {
        if calls && !is_called {
            node.flags.push(NodeFlag::Root);
        }
        if node.traffic == NodeTraffic::default() {
            node.flags.push(NodeFlag::Idle);
        }
        node.flags.sort_unstable();
        node.flags.dedup();
    }
}

/// Old series outlive their workloads: an idle node of which the cluster knows nothing is gone.
/// Its id is cleared, which takes it out of the answer.
fn remove_vanished(
    nodes: &mut [Node],
    edges: &mut Vec<(EdgeKey, Edge)>,
    behind: &[Vec<&Workload>],
    input: &GraphInput<'_>,
) {
    let known = |node: &Node| {
        let namespace = node.namespace.as_deref().unwrap_or_default();
        let service = node.service.as_deref().unwrap_or_default();
        let key = crate::mesh::Key::new(namespace, service);
        node.node_type == NodeType::Service
            && (node.has(NodeFlag::ServiceEntry) || input.inventory.services.contains_key(&key))
    };
    if input.inventory.workloads.is_empty() {
        return;
    }
    for (node, workloads) in nodes.iter_mut().zip(behind) {
        if node.has(NodeFlag::Idle) && workloads.is_empty() && !known(node) {
            node.id = Arc::from("");
        }
    }
    edges.retain(|(key, _)| {
        [key.0, key.1].iter().all(|at| nodes.get(*at).is_some_and(|node| !node.id.is_empty()))
    });
}

/// `part` of `whole` in percent; `None` where there is no whole.
fn percent(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| rounded(100.0 * part / whole))
}

/// Sums depend on the order of their parts in the last bits; the answer does not.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// `None` where nobody told.
fn throughput(measured: &Measured) -> Option<Throughput> {
    let Throughput { request_bytes, response_bytes } = measured.throughput;
    let known = request_bytes.is_some() || response_bytes.is_some();
    known.then(|| Throughput {
        request_bytes: request_bytes.map(rounded),
        response_bytes: response_bytes.map(rounded),
    })
}

fn rounded_latency(latency: Latency) -> Latency {
    let rounded = |number: Option<f64>| number.map(|number| (number * 1e3).round() / 1e3);
    Latency {
        avg: rounded(latency.avg),
        p50: rounded(latency.p50),
        p95: rounded(latency.p95),
        p99: rounded(latency.p99),
    }
}
