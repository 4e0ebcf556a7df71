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
    /// By each of its nodes' component number.
    components: Vec<Known>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    rank: usize,
    place: i32,
    /// Of its component.
    offset: i32,
    /// Index into `components`.
    component: usize,
}

/// What is remembered of a component as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// Of its layers.
    widths: Vec<Width>,
    /// Whether long calls into a hub share their passages.
    bundled: bool,
}

/// Identity of a tree across layouts: which kind, of which node, which of its rows, and from
/// which caller alone.
type PassageKey = (u8, NodeId, usize, Option<NodeId>);

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
        let component = self.components.len();
        self.components.push(Known { widths: drawn.spans.widths.clone(), bundled: drawn.bundled });
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
        let first = self.first(proper.item_of.keys(), view);
        Recalled {
            widths: first
                .and_then(|held| self.components.get(held.component))
                .map(|known| known.widths.clone())
                .unwrap_or_default(),
            offset: first.map(|held| held.offset),
            places,
        }
    }

    /// Whether long calls into a hub shared their passages in the component of these nodes.
    pub(crate) fn bundled(&self, members: &[usize], view: &ViewGraph) -> Option<bool> {
        let held = self.first(members.iter(), view)?;
        self.components.get(held.component).map(|known| known.bundled)
    }

    /// The first of some nodes that is known.
    fn first<'n>(
        &self,
        mut nodes: impl Iterator<Item = &'n usize>,
        view: &ViewGraph,
    ) -> Option<&Held> {
        nodes.find_map(|&node| self.nodes.get(&view.nodes[node].key))
    }
}

fn passage_key(tree: Tree, view: &ViewGraph) -> PassageKey {
    let key = |node: usize| view.nodes[node].key.clone();
    match tree {
        Tree::Row { node, row } => (0, key(node), row, None),
        Tree::Returns { node } => (1, key(node), 0, None),
        Tree::Hub { node, caller } => (2, key(node), 0, caller.map(key)),
    }
}
