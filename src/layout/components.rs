//! The parts of a view that no call joins, and the wires of each with their direction.

use petgraph::unionfind::UnionFind;

use super::proper::Wired;
use super::scene::Wire;
use super::view::ViewGraph;
use super::{LayoutOptions, Memory, acyclic, rank, wire};

/// Cells of passages beyond which the longest wires are not drawn: see [`Wire::omitted`].
const MOST_PASSAGES: usize = 40_000;

/// Nodes that calls join.
#[derive(Debug, Default)]
pub(crate) struct Component {
    /// Sorted.
    pub(crate) members: Vec<usize>,
    pub(crate) wires: Vec<Wired>,
}

/// A view taken apart.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// All wires, also loops.
    pub(crate) wires: Vec<Wire>,
    pub(crate) rank: Vec<usize>,
    pub(crate) calls_itself: Vec<bool>,
    /// Largest first; of the same size, by their first node.
    pub(crate) components: Vec<Component>,
}

/// Takes a view apart.
pub(crate) fn parts(view: &ViewGraph, options: &LayoutOptions, last: Option<&Memory>) -> Parts {
    let count = view.nodes.len();
    let strands = wire::strands(view, options.zoom);
    let pairs: Vec<(usize, usize)> =
        strands.iter().map(|strand| (strand.from, strand.to)).collect();
    let held = |&(from, to): &(usize, usize)| {
        last.is_some_and(|last| last.was_turned(&view.nodes[from].key, &view.nodes[to].key))
    };
    let held: Vec<bool> = pairs.iter().map(held).collect();
    let turned = acyclic::turned(count, &pairs, &held);
    let mut calls_itself = vec![false; count];
    let mut wires = Vec::with_capacity(strands.len());
    let mut wired = Vec::with_capacity(strands.len());
    let mut downward = Vec::with_capacity(strands.len());
    for (strand, back) in strands.iter().zip(turned) {
        if strand.from == strand.to {
            calls_itself[strand.from] = true;
        } else {
            let (low, high) =
                if back { (strand.to, strand.from) } else { (strand.from, strand.to) };
            downward.push((low, high));
            let wire = wires.len() as u32;
            wired.push(Wired { low, high, row: strand.from_row, back, wire });
        }
        wires.push(Wire {
            edges: strand.edges.iter().map(|&edge| view.edges[edge].key.clone()).collect(),
            from: strand.from,
            to: strand.to,
            from_row: strand.from_row,
            back,
            omitted: false,
        });
    }
    let before: Vec<Option<usize>> =
        view.nodes.iter().map(|node| last.and_then(|last| last.rank(&node.key))).collect();
    let rank = rank::ranks(count, &downward, &before);
    omit(&mut wires, &mut wired, &rank);
    let components = components(view, &wired);
    Parts { wires, rank: aligned(rank, &components), calls_itself, components }
}

/// Leaves the longest wires out when all passages together would be too many.
fn omit(wires: &mut [Wire], wired: &mut Vec<Wired>, rank: &[usize]) {
    let length = |wired: &Wired| rank[wired.high] - rank[wired.low];
    let mut by_length: Vec<usize> = (0..wired.len()).collect();
    by_length.sort_by_key(|&ix| (length(&wired[ix]), ix));
    let mut sum = 0;
    let mut drawn = vec![true; wired.len()];
    for ix in by_length {
        sum += length(&wired[ix]) - 1;
        if sum > MOST_PASSAGES {
            drawn[ix] = false;
            wires[wired[ix].wire as usize].omitted = true;
        }
    }
    let mut drawn = drawn.into_iter();
    wired.retain(|_| drawn.next().unwrap_or(true));
}

/// The connected components; with bands, everything that has a call is one.
fn components(view: &ViewGraph, wired: &[Wired]) -> Vec<Component> {
    let mut union = UnionFind::<usize>::new(view.nodes.len());
    for wire in wired {
        union.union(wire.low, wire.high);
    }
    if !view.bands.is_empty() {
        for node in 1..view.nodes.len() {
            union.union(0, node);
        }
    }
    let label = union.into_labeling();
    let mut components: Vec<Component> = Vec::new();
    let mut number = vec![None; view.nodes.len()];
    for (node, &label) in label.iter().enumerate() {
        let at = *number[label].get_or_insert_with(|| {
            components.push(Component::default());
            components.len() - 1
        });
        components[at].members.push(node);
    }
    for &wire in wired {
        if let Some(at) = number[label[wire.low]] {
            components[at].wires.push(wire);
        }
    }
    components.sort_by_key(|component| std::cmp::Reverse(component.members.len()));
    components
}

/// Ranks counted from the first of each component.
fn aligned(mut rank: Vec<usize>, components: &[Component]) -> Vec<usize> {
    for component in components {
        let first = component.members.iter().map(|&node| rank[node]).min().unwrap_or(0);
        for &node in &component.members {
            rank[node] -= first;
        }
    }
    rank
}
