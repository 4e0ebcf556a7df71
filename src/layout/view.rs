//! The graph as it is to be drawn: boxes with a row for each version, and the edges between them.
//!
//! Here a mesh graph becomes something with a shape: filters, focus and collapsing take nodes
//! away, versions of one app are put into one box, and calls from one row to several versions of
//! an app become one edge. Metrics do not matter here, except that idle nodes may be left out.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::mesh::graph::{Graph, GraphType, Node, NodeFlag, NodeId, NodeType, Protocol};

use super::name;
use super::scene::EdgeKey;

pub mod focus;

/// What of a graph is drawn, and how it is grouped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewOptions {
    /// Nodes that are not drawn, with their edges.
    pub hidden: BTreeSet<NodeId>,
    /// Only what lies within some calls of a node.
    pub focus: Option<Focus>,
    /// Namespaces drawn as one node.
    pub collapsed: Collapse,
    /// Namespaces as bands across the drawing.
    pub bands: bool,
}

/// The neighbourhood of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Focus {
    /// A box or a row of one.
    pub node: NodeId,
    /// How many calls away a node may be.
    pub hops: u8,
}

/// Which namespaces are one node each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Collapse {
    #[default]
    None,
    All,
    Some(BTreeSet<Arc<str>>),
}

impl Collapse {
    fn takes(&self, namespace: Option<&str>) -> bool {
        match (self, namespace) {
            (Self::None, _) | (_, None) => false,
            (Self::All, Some(_)) => true,
            (Self::Some(names), Some(namespace)) => names.contains(namespace),
        }
    }
}

/// A box: an app with its versions, a workload, a service, or a collapsed namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ViewNode {
    pub key: NodeId,
    pub title: String,
    pub namespace: Option<Arc<str>>,
    /// At least one, by version.
    pub rows: Vec<ViewRow>,
    /// Index into [`ViewGraph::bands`].
    pub band: Option<usize>,
}

/// A row of a box.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ViewRow {
    /// The node of the graph; of a collapsed namespace, its box's key.
    pub key: NodeId,
    /// The version; empty without one.
    pub label: String,
}

/// Calls from one row to one box over one protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewEdge {
    pub key: EdgeKey,
    /// Index of the calling box.
    pub from: usize,
    /// Row of the calling box.
    pub from_row: usize,
    /// Index of the called box; the caller itself for calls among its versions.
    pub to: usize,
    /// Edges of the graph it stands for, as indices into [`Graph::edges`].
    pub parts: Vec<usize>,
}

/// What is to be laid out. Nodes and edges are sorted by key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewGraph {
    pub nodes: Vec<ViewNode>,
    pub edges: Vec<ViewEdge>,
    /// Names of namespaces, sorted; empty without bands.
    pub bands: Vec<Arc<str>>,
    /// Whether there are calls of bytes rather than requests, whose rates are wider.
    pub tcp: bool,
    /// Grows neither with rates nor with health: equal signatures have equal scenes.
    pub signature: u64,
    /// How many nodes of the graph the view leaves out.
    pub left_out: usize,
}

impl ViewGraph {
    /// The view of a graph.
    pub fn from_graph(graph: &Graph, options: &ViewOptions) -> Self {
        let kept = kept(graph, options);
        let (mut nodes, home) = boxes(graph, options, &kept);
        let bands = if options.bands {
            banded(&mut nodes)
        } else {
            tell_apart(&mut nodes);
            Vec::new()
        };
        let edges = edges(graph, &nodes, &home);
        let tcp = edges.iter().any(|edge| edge.key.protocol == Protocol::Tcp);
        let left_out = kept.iter().filter(|kept| !**kept).count();
        let mut view = Self { nodes, edges, bands, tcp, signature: 0, left_out };
        view.signature = view.signed();
        view
    }

    /// The signature of what is there.
    fn signed(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.nodes.hash(&mut hasher);
        for edge in &self.edges {
            edge.key.hash(&mut hasher);
        }
        self.bands.hash(&mut hasher);
        hasher.finish()
    }

    /// A view made of parts, put in order and signed; edges out of range are dropped.
    pub fn new(nodes: Vec<ViewNode>, edges: Vec<ViewEdge>, bands: Vec<Arc<str>>) -> Self {
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by(|&a, &b| nodes[a].key.cmp(&nodes[b].key));
        order.dedup_by(|a, b| nodes[*a].key == nodes[*b].key);
        let mut place = vec![None; nodes.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = Some(new);
        }
        let mut edges: Vec<ViewEdge> = edges
            .into_iter()
            .filter_map(|mut edge| {
                edge.from = place.get(edge.from).copied().flatten()?;
                edge.to = place.get(edge.to).copied().flatten()?;
                Some(edge)
            })
            .collect();
        edges.sort_by(|a, b| a.key.cmp(&b.key));
        edges.dedup_by(|a, b| a.key == b.key);
        let nodes = order.iter().map(|&old| nodes[old].clone()).collect();
        let tcp = edges.iter().any(|edge| edge.key.protocol == Protocol::Tcp);
        let mut view = Self { nodes, edges, bands, tcp, signature: 0, left_out: 0 };
        view.signature = view.signed();
        view
    }
}

/// Which nodes of the graph are drawn.
fn kept(graph: &Graph, options: &ViewOptions) -> Vec<bool> {
    let mut kept: Vec<bool> =
        graph.nodes.iter().map(|node| !options.hidden.contains(&node.id)).collect();
    if let Some(focus) = &options.focus {
        focus::restrict(graph, options, focus, &mut kept);
    }
    kept
}

/// Whether a box is a collapsed namespace.
pub fn is_namespace(key: &str) -> bool {
    key.starts_with(NAMESPACE)
}

/// How the keys of collapsed namespaces begin.
const NAMESPACE: &str = "namespace:";

/// The key of the box that a node is drawn in.
pub(crate) fn box_key(graph_type: GraphType, node: &Node, collapsed: &Collapse) -> NodeId {
    let namespace = node.namespace.as_deref();
    if collapsed.takes(namespace) {
        let cluster = node.cluster.as_deref().unwrap_or_default();
        return format!("{NAMESPACE}{cluster}/{}", namespace.unwrap_or_default()).into();
    }
    let versions_share_a_box = graph_type == GraphType::VersionedApp
        && node.node_type == NodeType::App
        && node.app.as_deref().is_some_and(|app| !app.is_empty());
    if !versions_share_a_box {
        return node.id.clone();
    }
    let part = |part: &Option<Arc<str>>| part.clone().unwrap_or_else(|| Arc::from(""));
    format!("box:{}/{}/{}", part(&node.cluster), part(&node.namespace), part(&node.app)).into()
}

/// The boxes, and for each node of the graph its box and row.
fn boxes(
    graph: &Graph,
    options: &ViewOptions,
    kept: &[bool],
) -> (Vec<ViewNode>, Vec<Option<(usize, usize)>>) {
    let mut members: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
    for (ix, node) in graph.nodes.iter().enumerate().filter(|&(ix, _)| kept[ix]) {
        let key = box_key(graph.options.graph_type, node, &options.collapsed);
        members.entry(key).or_default().push(ix);
    }
    let mut home = vec![None; graph.nodes.len()];
    let mut nodes = Vec::with_capacity(members.len());
    for (key, mut of_box) in members {
        let Some(&first) = of_box.first() else { continue };
        let first = &graph.nodes[first];
        of_box.sort_by(|&a, &b| {
            let sort_key = |ix: usize| (name::version(&graph.nodes[ix]), &graph.nodes[ix].id);
            sort_key(a).cmp(&sort_key(b))
        });
        let collapsed = options.collapsed.takes(first.namespace.as_deref());
        let (title, rows) = if collapsed {
            let title = first.namespace.as_deref().unwrap_or_default().to_owned();
            let label = format!("{} nodes", of_box.len());
            (title, vec![ViewRow { key: key.clone(), label }])
        } else {
            let row = |&ix: &usize| ViewRow {
                key: graph.nodes[ix].id.clone(),
                label: name::version(&graph.nodes[ix]).unwrap_or_default().to_owned(),
            };
            (title_of(first), of_box.iter().map(row).collect())
        };
        for (row, &ix) in of_box.iter().enumerate() {
            home[ix] = Some((nodes.len(), if collapsed { 0 } else { row }));
        }
        let namespace = first.namespace.clone();
        nodes.push(ViewNode { key, title, namespace, rows, band: None });
    }
    (nodes, home)
}

/// What stands in a box's border; a service that the graph put in is marked.
fn title_of(node: &Node) -> String {
    let title = name::of(node);
    if node.node_type == NodeType::Service && node.has(NodeFlag::Injected) {
        format!("{INJECTED}{title}")
    } else {
        title.to_owned()
    }
}

/// Before the name of a service that the graph put in.
const INJECTED: &str = "◇ ";

/// Boxes of one name in several namespaces say which is whose, where no band does.
fn tell_apart(nodes: &mut [ViewNode]) {
    let mut homes: BTreeMap<String, BTreeSet<Option<Arc<str>>>> = BTreeMap::new();
    for node in nodes.iter().filter(|node| !is_namespace(&node.key)) {
        let name = node.title.trim_start_matches(INJECTED).to_owned();
        homes.entry(name).or_default().insert(node.namespace.clone());
    }
    for node in nodes.iter_mut().filter(|node| !is_namespace(&node.key)) {
        let name = node.title.trim_start_matches(INJECTED);
        let Some(namespace) = node.namespace.as_deref() else { continue };
        if homes.get(name).is_some_and(|homes| homes.len() > 1) {
            let mark = if name.len() < node.title.len() { INJECTED } else { "" };
            node.title = format!("{mark}{namespace}/{name}");
        }
    }
}

/// Names the namespaces and tells each box which is its own.
pub(super) fn banded(nodes: &mut [ViewNode]) -> Vec<Arc<str>> {
    let names: BTreeSet<Arc<str>> =
        nodes.iter().filter_map(|node| node.namespace.clone()).collect();
    let names: Vec<Arc<str>> = names.into_iter().collect();
    for node in nodes {
        node.band = node.namespace.as_ref().and_then(|name| names.binary_search(name).ok());
    }
    names
}

/// The edges between boxes: those of the graph, joined where they leave one row for one box.
fn edges(graph: &Graph, nodes: &[ViewNode], home: &[Option<(usize, usize)>]) -> Vec<ViewEdge> {
    let index: BTreeMap<&str, usize> =
        graph.nodes.iter().enumerate().map(|(ix, node)| (&*node.id, ix)).collect();
    let place = |id: &str| index.get(id).and_then(|&ix| home[ix]);
    let mut joined: BTreeMap<EdgeKey, ViewEdge> = BTreeMap::new();
    for (ix, edge) in graph.edges.iter().enumerate() {
        let (Some((from, from_row)), Some((to, _))) = (place(&edge.source), place(&edge.target))
        else {
            continue;
        };
        let Some(row) = nodes[from].rows.get(from_row) else { continue };
        let key =
            EdgeKey { from: row.key.clone(), to: nodes[to].key.clone(), protocol: edge.protocol };
        joined
            .entry(key.clone())
            .or_insert_with(|| ViewEdge { key, from, from_row, to, parts: Vec::new() })
            .parts
            .push(ix);
    }
    joined.into_values().collect()
}

#[cfg(test)]
mod tests;
