//! Ghosts: what has left the mesh stays in its place for a while, so that a service that comes and
//! goes moves nothing.
//!
//! A ghost is part of the view like anything else and so keeps its cells; it has no metrics, which
//! is how the painter knows it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::mesh::graph::NodeId;

use super::scene::EdgeKey;
use super::view::{self, ViewEdge, ViewGraph, ViewNode};

/// A ghost stays for this many refreshes,
const REFRESHES: u32 = 3;
/// and for this long: whichever takes longer.
const STAY: SignedDuration = SignedDuration::from_mins(2);

/// What was shown last, and since when parts of it are gone.
#[derive(Debug, Clone, Default)]
pub struct Ghosts {
    view: ViewGraph,
    /// Of the refresh that `view` was made from.
    at: Timestamp,
    rows: BTreeMap<NodeId, Gone>,
    edges: BTreeMap<EdgeKey, Gone>,
}

#[derive(Debug, Clone, Copy)]
struct Gone {
    last_seen: Timestamp,
    refreshes: u32,
}

impl Ghosts {
    /// The view with what it has lost not long ago. `at` is the time of the refresh.
    pub fn keep(&self, view: ViewGraph, at: Timestamp) -> (ViewGraph, Self) {
        let rows = self.gone_rows(&view, at);
        let edges = self.gone_edges(&view, at);
        let view = if rows.is_empty() && edges.is_empty() {
            view
        } else {
            self.haunted(view, &rows, &edges)
        };
        let kept = Self { view: view.clone(), at, rows, edges };
        (view, kept)
    }

    /// Whether anything in the view is a ghost.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.edges.is_empty()
    }

    fn gone_rows(&self, view: &ViewGraph, at: Timestamp) -> BTreeMap<NodeId, Gone> {
        let there: BTreeSet<&NodeId> = rows(view).collect();
        let gone = rows(&self.view).filter(|key| !there.contains(key));
        gone.filter_map(|key| Some((key.clone(), self.stays(self.rows.get(key), at)?))).collect()
    }

    fn gone_edges(&self, view: &ViewGraph, at: Timestamp) -> BTreeMap<EdgeKey, Gone> {
        let there = |key: &EdgeKey| view.edges.binary_search_by(|edge| edge.key.cmp(key)).is_ok();
        let gone = self.view.edges.iter().map(|edge| &edge.key).filter(|key| !there(key));
        gone.filter_map(|key| Some((key.clone(), self.stays(self.edges.get(key), at)?))).collect()
    }

    /// How long something is gone at a refresh; none when it has been kept for long enough.
    fn stays(&self, gone: Option<&Gone>, at: Timestamp) -> Option<Gone> {
        let mut gone = gone.copied().unwrap_or(Gone { last_seen: self.at, refreshes: 0 });
        gone.refreshes += u32::from(at != self.at);
        let done = gone.refreshes > REFRESHES && at.duration_since(gone.last_seen) > STAY;
        (!done).then_some(gone)
    }

    /// The view and its ghosts.
    fn haunted(
        &self,
        view: ViewGraph,
        gone_rows: &BTreeMap<NodeId, Gone>,
        gone_edges: &BTreeMap<EdgeKey, Gone>,
    ) -> ViewGraph {
        // Where nothing is left, what was shown last tells whether there are bands.
        let shape = if view.nodes.is_empty() { &self.view } else { &view };
        let banded = !shape.bands.is_empty();
        let mut nodes: BTreeMap<NodeId, ViewNode> =
            view.nodes.into_iter().map(|node| (node.key.clone(), node)).collect();
        for old in &self.view.nodes {
            let ghosts: Vec<_> =
                old.rows.iter().filter(|row| gone_rows.contains_key(&row.key)).cloned().collect();
            if ghosts.is_empty() {
                continue;
            }
            let node = nodes
                .entry(old.key.clone())
                .or_insert_with(|| ViewNode { rows: Vec::new(), ..old.clone() });
            node.rows.extend(ghosts);
            node.rows.sort_by(|a, b| (&a.label, &a.key).cmp(&(&b.label, &b.key)));
        }
        let mut nodes: Vec<ViewNode> = nodes.into_values().collect();
        let bands = if banded { view::banded(&mut nodes) } else { Vec::new() };
        let ghosts = self.view.edges.iter().filter(|edge| gone_edges.contains_key(&edge.key));
        let ghosts = ghosts.map(|edge| ViewEdge { parts: Vec::new(), ..edge.clone() });
        let edges = placed(&nodes, view.edges.into_iter().chain(ghosts));
        ViewGraph { left_out: view.left_out, ..ViewGraph::new(nodes, edges, bands) }
    }
}

/// The keys of all rows.
fn rows(view: &ViewGraph) -> impl Iterator<Item = &NodeId> {
    view.nodes.iter().flat_map(|node| &node.rows).map(|row| &row.key)
}

/// Edges that know where their ends now are; those that have lost one are left out.
fn placed(nodes: &[ViewNode], edges: impl Iterator<Item = ViewEdge>) -> Vec<ViewEdge> {
    let mut row_at = BTreeMap::new();
    let mut box_at = BTreeMap::new();
    for (at, node) in nodes.iter().enumerate() {
        box_at.insert(&node.key, at);
        row_at.extend(node.rows.iter().enumerate().map(|(row, known)| (&known.key, (at, row))));
    }
    edges
        .filter_map(|mut edge| {
            (edge.from, edge.from_row) = *row_at.get(&edge.key.from)?;
            edge.to = *box_at.get(&edge.key.to)?;
            Some(edge)
        })
        .collect()
}
