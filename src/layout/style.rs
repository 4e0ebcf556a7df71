//! What metrics do to a drawing: weights, health and figures by node and edge, and the roles that
//! a screen turns into colours.
//!
//! A refresh of the mesh makes a new table for the same scene. Everything is found by key, so a
//! scene that is a refresh older than its table is still painted right.

use std::collections::BTreeMap;
use std::ops::Add;

use crate::mesh::findings::Level;
use crate::mesh::graph::{
    Edge, Graph, Health, Latency, Node, NodeFlag, NodeId, Protocol, Throughput, Unit,
};
use crate::mesh::status::Ready;

use super::scene::EdgeKey;
use super::view::{ViewGraph, is_namespace};

/// What a cell shows; a theme says how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Role {
    /// Border of a box.
    #[default]
    Border,
    Title,
    /// Version and figures.
    Text,
    /// Health sign of a node, or a line whose calls have this health.
    Health(Health),
    /// A line over which bytes rather than requests go.
    Tcp,
    /// A line or node without traffic.
    Idle,
    Label,
    /// The line and name of a namespace.
    Band,
    /// Something that has left the mesh and is still shown.
    Ghost,
}

/// How a cell is set off, whatever its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CellStyle {
    pub role: Role,
    pub bold: bool,
    /// Off the selected path.
    pub dim: bool,
    /// The selected thing itself.
    pub reverse: bool,
    /// Found by a search.
    pub underline: bool,
}

impl CellStyle {
    pub fn of(role: Role) -> Self {
        Self { role, ..Self::default() }
    }
}

/// The metrics of a row of a box.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NodeStyle {
    pub health: Health,
    /// Per second, what comes in; of a root, what it sends.
    pub rate: Option<f64>,
    pub unit: Unit,
    /// Percent of what comes in that failed.
    pub error_percent: Option<f64>,
    /// Percent of what comes into the box that goes to this row.
    pub share_percent: Option<f64>,
    /// The slowest of its callers' p95, in milliseconds.
    pub p95_ms: Option<f64>,
    pub pods: Option<Ready>,
    pub idle: bool,
    pub outside: bool,
    /// The worst that is wrong with the configuration of it; mere hints are left out.
    pub finding: Option<Level>,
}

/// The metrics of an edge of the view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EdgeStyle {
    pub protocol: Protocol,
    pub rate: f64,
    pub unit: Unit,
    pub share_percent: Option<f64>,
    pub error_percent: Option<f64>,
    pub latency_ms: Option<Latency>,
    pub throughput: Option<Throughput>,
    pub mtls_percent: Option<f64>,
    pub health: Health,
    /// Of the top class of traffic.
    pub heavy: bool,
}

/// The metrics of everything in a view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StyleTable {
    pub nodes: BTreeMap<NodeId, NodeStyle>,
    pub edges: BTreeMap<EdgeKey, EdgeStyle>,
    /// Rates from which a line is heavy, by what they count.
    pub heavy_from: HeavyFrom,
}

/// Rates from which a line is heavy. Kept from table to table while they still divide well, so
/// that a rate near the border does not make a line flicker.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HeavyFrom {
    pub requests: Option<f64>,
    pub bytes: Option<f64>,
}

impl StyleTable {
    /// The metrics of a graph for a view of it. `before` is the table that was shown last.
    pub fn from_graph(graph: &Graph, view: &ViewGraph, before: Option<&Self>) -> Self {
        let mut table = Self { nodes: nodes(graph, view), ..Self::default() };
        for edge in &view.edges {
            // What stands for no call any more is a ghost and has no metrics.
            if !edge.parts.is_empty() {
                let parts = edge.parts.iter().filter_map(|&part| graph.edges.get(part));
                table.edges.insert(edge.key.clone(), joined_calls(parts));
            }
        }
        let previous = before.map(|table| table.heavy_from).unwrap_or_default();
        table.heavy_from = HeavyFrom {
            requests: heavy_from(&table, Protocol::Http, previous.requests),
            bytes: heavy_from(&table, Protocol::Tcp, previous.bytes),
        };
        for (key, edge) in &mut table.edges {
            let from = if edge.protocol == Protocol::Tcp {
                table.heavy_from.bytes
            } else {
                table.heavy_from.requests
            };
            let was = before.and_then(|table| table.edges.get(key)).is_some_and(|edge| edge.heavy);
            let ease = if was { 0.7 } else { 1.0 };
            edge.heavy = from.is_some_and(|from| edge.rate > 0.0 && edge.rate >= from * ease);
        }
        table
    }

    /// What several edges are together: the sum of those that count alike, the worst of the rest.
    pub fn joined<'k>(&self, keys: impl Iterator<Item = &'k EdgeKey>) -> Option<EdgeStyle> {
        let edges: Vec<&EdgeStyle> = keys.filter_map(|key| self.edges.get(key)).collect();
        let (first, rest) = edges.split_first()?;
        if rest.is_empty() {
            return Some((*first).clone());
        }
        let unit = edges.iter().map(|edge| edge.unit).min_by_key(|unit| unit_order(*unit))?;
        let alike = || edges.iter().copied().filter(|edge| edge.unit == unit);
        let rate: f64 = alike().map(|edge| edge.rate).sum();
        let weighted = |value: fn(&EdgeStyle) -> Option<f64>| {
            mean(alike().map(|edge| (value(edge), edge.rate)))
        };
        Some(EdgeStyle {
            protocol: alike().map(|edge| edge.protocol).min().unwrap_or_default(),
            rate,
            unit,
            share_percent: None,
            error_percent: weighted(|edge| edge.error_percent),
            latency_ms: slowest(alike().filter_map(|edge| edge.latency_ms)),
            throughput: edges.iter().filter_map(|edge| edge.throughput).reduce(Throughput::add),
            mtls_percent: weighted(|edge| edge.mtls_percent),
            health: edges.iter().map(|edge| edge.health).max().unwrap_or_default(),
            heavy: edges.iter().any(|edge| edge.heavy),
        })
    }
}

fn unit_order(unit: Unit) -> u8 {
    match unit {
        Unit::Requests => 0,
        Unit::Messages => 1,
        Unit::Bytes => 2,
    }
}

/// The mean of what is known, by weight; nothing when nothing is.
fn mean(values: impl Iterator<Item = (Option<f64>, f64)>) -> Option<f64> {
    let mut sum = 0.0;
    let mut weights = 0.0;
    let mut plain = (0.0, 0.0);
    for (value, weight) in values {
        let Some(value) = value else { continue };
        sum += value * weight;
        weights += weight;
        plain = (plain.0 + value, plain.1 + 1.0);
    }
    if weights > 0.0 {
        Some(sum / weights)
    } else if plain.1 > 0.0 {
        Some(plain.0 / plain.1)
    } else {
        None
    }
}

/// The slowest of several, quantile by quantile: quantiles cannot be added.
fn slowest(all: impl Iterator<Item = Latency>) -> Option<Latency> {
    let worse = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    };
    all.reduce(|a, b| Latency {
        avg: worse(a.avg, b.avg),
        p50: worse(a.p50, b.p50),
        p95: worse(a.p95, b.p95),
        p99: worse(a.p99, b.p99),
    })
}

/// Several calls as one: those of a row to the versions of an app, say.
pub fn joined_calls<'e>(parts: impl Iterator<Item = &'e Edge>) -> EdgeStyle {
    let parts: Vec<&Edge> = parts.collect();
    let [single] = parts[..] else {
        let Some(first) = parts.first() else { return EdgeStyle::default() };
        let alike = || parts.iter().filter(|edge| edge.unit == first.unit);
        let shares: Vec<f64> = parts.iter().filter_map(|edge| edge.share_percent).collect();
        let whole = shares.iter().sum::<f64>();
        return EdgeStyle {
            protocol: first.protocol,
            rate: alike().map(|edge| edge.rate).sum(),
            unit: first.unit,
            share_percent: (!shares.is_empty() && whole < 99.5).then_some(whole),
            error_percent: mean(alike().map(|edge| (edge.error_percent, edge.rate))),
            latency_ms: slowest(parts.iter().filter_map(|edge| edge.latency_ms)),
            throughput: parts.iter().filter_map(|edge| edge.throughput).reduce(Throughput::add),
            mtls_percent: mean(alike().map(|edge| (edge.mtls_percent, edge.rate))),
            health: parts.iter().map(|edge| edge.health).max().unwrap_or_default(),
            heavy: false,
        };
    };
    EdgeStyle {
        protocol: single.protocol,
        rate: single.rate,
        unit: single.unit,
        share_percent: single.share_percent,
        error_percent: single.error_percent,
        latency_ms: single.latency_ms,
        throughput: single.throughput,
        mtls_percent: single.mtls_percent,
        health: single.health,
        heavy: false,
    }
}

/// The border of the top class: the greatest power of two that the greatest rate reaches. The
/// old border stays while the greatest rate is within half a class of its own.
fn heavy_from(table: &StyleTable, protocol: Protocol, before: Option<f64>) -> Option<f64> {
    let bytes = protocol == Protocol::Tcp;
    let greatest = table
        .edges
        .values()
        .filter(|edge| (edge.protocol == Protocol::Tcp) == bytes)
        .map(|edge| edge.rate)
        .filter(|rate| rate.is_finite() && *rate > 0.0)
        .fold(0.0, f64::max);
    if greatest <= 0.0 {
        return before;
    }
    let stays = |old: &f64| greatest >= old * 0.7 && greatest < old * 2.0 * 1.4;
    before.filter(stays).or_else(|| Some(greatest.log2().floor().exp2()))
}

/// The metrics of every row of the view.
fn nodes(graph: &Graph, view: &ViewGraph) -> BTreeMap<NodeId, NodeStyle> {
    let mut slow: BTreeMap<&str, f64> = BTreeMap::new();
    for edge in &graph.edges {
        if let Some(p95) = edge.latency_ms.and_then(|latency| latency.p95) {
            let worst = slow.entry(&edge.target).or_insert(p95);
            *worst = worst.max(p95);
        }
    }
    let mut styles = BTreeMap::new();
    for item in &view.nodes {
        let members: Vec<Option<&Node>> =
            item.rows.iter().map(|row| graph.node(&row.key)).collect();
        let total: f64 = members.iter().flatten().map(|node| received(node)).sum();
        for (row, node) in item.rows.iter().zip(&members) {
            let Some(node) = node else { continue };
            let mut style = NodeStyle::of(node);
            style.p95_ms = slow.get(&*node.id).copied();
            if members.len() > 1 && total > 0.0 {
                style.share_percent = Some(100.0 * received(node) / total);
            }
            styles.insert(row.key.clone(), style);
        }
        if is_namespace(&item.key) {
            styles.insert(item.key.clone(), collapsed(graph, view, item));
        }
    }
    styles
}

/// A collapsed namespace: the worst health of its members and the sum of the calls into it.
fn collapsed(graph: &Graph, view: &ViewGraph, item: &super::view::ViewNode) -> NodeStyle {
    let members = graph.nodes.iter().filter(|node| node.namespace == item.namespace);
    let health = members.map(|node| node.health).max().unwrap_or_default();
    let into =
        view.edges.iter().filter(|edge| edge.key.to == item.key && edge.key.from != item.key);
    let parts: Vec<&Edge> =
        into.flat_map(|edge| &edge.parts).filter_map(|&part| graph.edges.get(part)).collect();
    let sum = joined_calls(parts.iter().copied());
    NodeStyle {
        health,
        rate: (!parts.is_empty()).then_some(sum.rate),
        unit: sum.unit,
        error_percent: sum.error_percent,
        p95_ms: sum.latency_ms.and_then(|latency| latency.p95),
        ..NodeStyle::default()
    }
}

/// Requests, messages or else bytes that come in.
fn received(node: &Node) -> f64 {
    let traffic = &node.traffic;
    let requests = traffic.http.as_ref().map(|http| http.incoming);
    let messages = traffic.grpc.as_ref().map(|grpc| grpc.incoming);
    match (requests, messages) {
        (None, None) => traffic.tcp.as_ref().map_or(0.0, |tcp| tcp.incoming),
        (requests, messages) => requests.unwrap_or(0.0) + messages.unwrap_or(0.0),
    }
}

impl NodeStyle {
    /// The metrics of a node by itself.
    pub fn of(node: &Node) -> Self {
        let traffic = &node.traffic;
        let (http, grpc, tcp) =
            (traffic.http.as_ref(), traffic.grpc.as_ref(), traffic.tcp.as_ref());
        let requests = http.is_some() || grpc.is_some();
        let sum = |of_http: Option<f64>, of_grpc: Option<f64>| {
            of_http.unwrap_or(0.0) + of_grpc.unwrap_or(0.0)
        };
        let incoming = sum(http.map(|t| t.incoming), grpc.map(|t| t.incoming));
        let outgoing = sum(http.map(|t| t.outgoing), grpc.map(|t| t.outgoing));
        let failed = http.map_or(0.0, |t| t.in_4xx + t.in_5xx + t.in_no_response)
            + grpc.map_or(0.0, |t| t.in_err + t.in_no_response);
        let rate = if requests {
            Some(if incoming > 0.0 { incoming } else { outgoing })
        } else {
            tcp.map(|t| if t.incoming > 0.0 { t.incoming } else { t.outgoing })
        };
        Self {
            health: node.health,
            rate,
            unit: if requests || tcp.is_none() { Unit::Requests } else { Unit::Bytes },
            error_percent: (requests && incoming > 0.0).then(|| 100.0 * failed / incoming),
            share_percent: None,
            p95_ms: node.latency_ms.and_then(|latency| latency.p95),
            pods: node.pods,
            idle: node.has(NodeFlag::Idle) || rate.is_none_or(|rate| rate <= 0.0),
            outside: node.has(NodeFlag::Outside),
            finding: None,
        }
    }
}
