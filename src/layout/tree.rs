//! The call tree: the graph as indented rows, each with the call that leads to it.
//!
//! For small windows, screen readers and pipes. Every node is opened once, where it is met first
//! on the way down from the roots; later calls to it are rows marked [`Mark::Seen`], calls back
//! to a caller [`Mark::Cycle`]. So the tree has one row for each root and each edge.

use std::collections::BTreeMap;

use crate::mesh::graph::{
    Edge, Graph, Health, Latency, NodeFlag, NodeId, Protocol, Throughput, Unit,
};

use super::name;

/// Below this depth rows are not indented further, so that a chain of calls of any length stays
/// readable and its guides do not grow with the square of its length.
const DEEPEST_GUIDES: usize = 30;

/// One row of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeRow {
    /// How many calls below its root; 0 for a root.
    pub depth: u16,
    /// The lines that join it to the rows above: `│ ├─`, empty for a root.
    pub guides: String,
    pub node: NodeId,
    /// App, workload or service.
    pub name: String,
    pub version: Option<String>,
    pub namespace: Option<String>,
    pub health: Health,
    pub gateway: bool,
    pub mark: Mark,
    /// The call that leads here; of a root, what it sends.
    pub call: Call,
}

impl TreeRow {
    /// Guides, health, name and version, and why the row is not opened.
    pub fn label(&self) -> String {
        let sign = match self.health {
            _ if self.gateway => "◆",
            Health::Healthy => "●",
            Health::NotReady | Health::Degraded => "▲",
            Health::Failure => "✕",
            Health::Unknown => "○",
        };
        let version = self.version.as_ref().map(|version| format!(" {version}"));
        let again = match self.mark {
            Mark::None => "",
            Mark::Seen => "  (above)",
            Mark::Cycle => "  (calls back)",
            Mark::Itself => "  (calls itself)",
        };
        format!("{}{sign} {}{}{again}", self.guides, self.name, version.unwrap_or_default())
    }
}

/// Why a row is not opened further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    #[default]
    None,
    /// Its calls are listed at another row.
    Seen,
    /// It calls one of its own callers, which is this row.
    Cycle,
    /// It calls itself.
    Itself,
}

/// The figures of a call. Absent is unknown, not zero.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Call {
    pub protocol: Protocol,
    pub unit: Unit,
    pub rate: Option<f64>,
    pub share_percent: Option<f64>,
    pub error_percent: Option<f64>,
    pub latency_ms: Option<Latency>,
    pub throughput: Option<Throughput>,
    pub mtls_percent: Option<f64>,
    pub health: Health,
}

impl Call {
    fn of(edge: &Edge) -> Self {
        Self {
            protocol: edge.protocol,
            unit: edge.unit,
            rate: Some(edge.rate),
            share_percent: edge.share_percent,
            error_percent: edge.error_percent,
            latency_ms: edge.latency_ms,
            throughput: edge.throughput,
            mtls_percent: edge.mtls_percent,
            health: edge.health,
        }
    }
}

/// The tree of a graph: roots by id, then what they call by id and protocol. What no root reaches
/// (a ring of calls) is entered at its first id.
pub fn rows(graph: &Graph) -> Vec<TreeRow> {
    let mut walk = Walk::new(graph);
    let roots = (0..graph.nodes.len()).filter(|&ix| walk.callers[ix] == 0).collect::<Vec<_>>();
    for start in roots.into_iter().chain(0..graph.nodes.len()) {
        if walk.state[start] == State::Unmet {
            walk.descend(start);
        }
    }
    walk.rows
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unmet,
    /// On the way from the root to the row at hand.
    Open,
    Done,
}

/// A node whose calls are being listed.
struct Frame {
    node: usize,
    next: usize,
    /// The guides of its rows, up to their own branch.
    stem: String,
}

struct Walk<'g> {
    graph: &'g Graph,
    /// Edges by caller: index of the edge and of its target.
    calls: Vec<Vec<(usize, usize)>>,
    /// How many others call a node.
    callers: Vec<usize>,
    state: Vec<State>,
    rows: Vec<TreeRow>,
}

impl<'g> Walk<'g> {
    fn new(graph: &'g Graph) -> Self {
        let index: BTreeMap<&str, usize> =
            graph.nodes.iter().enumerate().map(|(ix, node)| (&*node.id, ix)).collect();
        let mut calls = vec![Vec::new(); graph.nodes.len()];
        let mut callers = vec![0; graph.nodes.len()];
        for (edge_ix, edge) in graph.edges.iter().enumerate() {
            let ends = (index.get(&*edge.source), index.get(&*edge.target));
            if let (Some(&from), Some(&to)) = ends {
                calls[from].push((edge_ix, to));
                callers[to] += usize::from(from != to);
            }
        }
        for list in &mut calls {
            list.sort_by_key(|&(edge_ix, to)| (to, graph.edges[edge_ix].protocol, edge_ix));
        }
        let state = vec![State::Unmet; graph.nodes.len()];
        Self { graph, calls, callers, state, rows: Vec::new() }
    }

    /// The rows from one root, without recursion: a chain may be as long as the graph.
    fn descend(&mut self, root: usize) {
        self.push(root, 0, String::new(), Mark::None, self.sent_by(root));
        self.state[root] = State::Open;
        let mut path = vec![Frame { node: root, next: 0, stem: String::new() }];
        loop {
            let path_is_deep = path.len() > DEEPEST_GUIDES;
            let Some(frame) = path.last_mut() else { break };
            let Some(&(edge_ix, to)) = self.calls[frame.node].get(frame.next) else {
                self.state[frame.node] = State::Done;
                path.pop();
                continue;
            };
            frame.next += 1;
            let last = frame.next == self.calls[frame.node].len();
            let guides = format!("{}{}", frame.stem, if last { "└─" } else { "├─" });
            let stem = if path_is_deep {
                frame.stem.clone()
            } else {
                format!("{}{}", frame.stem, if last { "  " } else { "│ " })
            };
            let mark = if to == frame.node {
                Mark::Itself
            } else {
                match self.state[to] {
                    State::Unmet => Mark::None,
                    State::Open => Mark::Cycle,
                    State::Done if self.calls[to].is_empty() => Mark::None,
                    State::Done => Mark::Seen,
                }
            };
            let depth = u16::try_from(path.len()).unwrap_or(u16::MAX);
            self.push(to, depth, guides, mark, Call::of(&self.graph.edges[edge_ix]));
            if self.state[to] == State::Unmet {
                self.state[to] = State::Open;
                path.push(Frame { node: to, next: 0, stem });
            }
        }
    }

    fn push(&mut self, ix: usize, depth: u16, guides: String, mark: Mark, call: Call) {
        let node = &self.graph.nodes[ix];
        self.rows.push(TreeRow {
            depth,
            guides,
            node: node.id.clone(),
            name: name::of(node).to_owned(),
            version: name::version(node).map(str::to_owned),
            namespace: node.namespace.as_deref().map(str::to_owned),
            health: node.health,
            gateway: node.has(NodeFlag::Gateway),
            mark,
            call,
        });
    }

    /// What a root sends: the sum of its calls in the unit of the first.
    fn sent_by(&self, ix: usize) -> Call {
        let edges = || self.calls[ix].iter().map(|&(edge_ix, _)| &self.graph.edges[edge_ix]);
        let Some(first) = edges().next() else {
            return Call { health: self.graph.nodes[ix].health, ..Call::default() };
        };
        let alike = edges().filter(|edge| edge.unit == first.unit);
        Call {
            protocol: first.protocol,
            unit: first.unit,
            rate: Some(alike.map(|edge| edge.rate).sum()),
            health: self.graph.nodes[ix].health,
            ..Call::default()
        }
    }
}

#[cfg(test)]
mod tests;
