//! What a layout remembers of itself, so that the next one leaves in place what can stay.

use std::collections::{BTreeMap, BTreeSet};

use crate::mesh::graph::NodeId;

use super::components::Parts;
use super::proper::{Proper, Tree};
use super::span::Width;
use super::view::ViewGraph;
use super::{Drawn, LayoutOptions};

/// Ranks, places and widths of a layout, by key. It serves only layouts with the same options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    pub(crate) options: Option<LayoutOptions>,
    nodes: BTreeMap<NodeId, Held>,
    passages: BTreeMap<(PassageKey, usize), i32>,
    /// Pairs whose calls were drawn against the ranks, caller first.
    turned: BTreeSet<(NodeId, NodeId)>,
    /// Widths of the layers of a component, by each of its nodes' component number.
    widths: Vec<Vec<Width>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    rank: usize,
    place: i32,
    /// Of its component.
    offset: i32,
    /// Index into `widths`.
    component: usize,
}

/// Identity of a tree across layouts: which kind, of which node, and which of its rows.
type PassageKey = (u8, NodeId, usize);

/// What a memory knows of a component.
#[derive(Debug, Default)]
pub(crate) struct Recalled {
    /// By item; empty when nothing is known.
    pub(crate) places: Vec<Option<i32>>,
    pub(crate) widths: Vec<Width>,
    pub(crate) offset: Option<i32>,
}

impl Memory {
    pub(crate) fn new(options: &LayoutOptions) -> Self {
        Self { options: Some(options.clone()), ..Self::default() }
    }

    pub(crate) fn rank(&self, key: &str) -> Option<usize> {
        self.nodes.get(key).map(|held| held.rank)
    }

    pub(crate) fn was_turned(&self, from: &NodeId, to: &NodeId) -> bool {
        self.turned.contains(&(from.clone(), to.clone()))
    }

    pub(crate) fn turned(&mut self, parts: &Parts, view: &ViewGraph) {
        for wire in parts.wires.iter().filter(|wire| wire.back) {
            let (from, to) = (&view.nodes[wire.from].key, &view.nodes[wire.to].key);
            self.turned.insert((from.clone(), to.clone()));
        }
    }

    /// Remembers a drawn component.
    pub(crate) fn learn(
        &mut self,
        drawn: &Drawn,
        view: &ViewGraph,
        members: &[usize],
        offset: i32,
    ) {
        let component = self.widths.len();
        self.widths.push(drawn.spans.widths.clone());
        for node in members {
            let item = drawn.proper.item_of[node];
            let (rank, place) = (drawn.proper.items[item].layer, drawn.places[item]);
            self.nodes
                .insert(view.nodes[*node].key.clone(), Held { rank, place, offset, component });
        }
        for (item, &place) in drawn.proper.items.iter().zip(&drawn.places) {
            if let Some(tree) = item.tree {
                self.passages.insert((passage_key(tree, view), item.layer), place);
            }
        }
    }

    /// What is known of the items of a component.
    pub(crate) fn recall(&self, proper: &Proper, view: &ViewGraph) -> Recalled {
        let place = |item: &super::proper::Item| match (item.node, item.tree) {
            (Some(node), _) => self
                .nodes
                .get(&view.nodes[node].key)
                .filter(|held| held.rank == item.layer)
                .map(|held| held.place),
            (None, Some(tree)) => {
                self.passages.get(&(passage_key(tree, view), item.layer)).copied()
            }
            (None, None) => None,
        };
        let places: Vec<Option<i32>> = proper.items.iter().map(place).collect();
        let first = proper.item_of.keys().find_map(|&node| self.nodes.get(&view.nodes[node].key));
        Recalled {
            widths: first
                .and_then(|held| self.widths.get(held.component))
                .cloned()
                .unwrap_or_default(),
            offset: first.map(|held| held.offset),
            places,
        }
    }
}

fn passage_key(tree: Tree, view: &ViewGraph) -> PassageKey {
    match tree {
        Tree::Row { node, row } => (0, view.nodes[node].key.clone(), row),
        Tree::Returns { node } => (1, view.nodes[node].key.clone(), 0),
        Tree::Hub { node } => (2, view.nodes[node].key.clone(), 0),
    }
}
