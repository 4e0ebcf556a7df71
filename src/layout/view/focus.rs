//! Focus: only what lies within some calls of a node.
//!
//! The walk goes along calls in both directions, from box to box. It does not go on through a hub
//! (a box with very many neighbours), or two hops would be the whole mesh; the hub itself stays.

use std::collections::BTreeMap;

use crate::mesh::graph::{Graph, NodeId};

use super::{Focus, ViewOptions, box_key};

/// A box with more neighbours than this is not walked through, unless the walk begins there.
pub const HUB_NEIGHBOURS: usize = 30;

/// Takes out of `kept` what lies outside the focus. A focus that is not in the graph keeps all.
pub(super) fn restrict(graph: &Graph, options: &ViewOptions, focus: &Focus, kept: &mut [bool]) {
    let (groups, member_of) = groups(graph, options, kept);
    let start = graph
        .nodes
        .iter()
        .position(|node| node.id == focus.node)
        .and_then(|ix| member_of[ix])
        .or_else(|| groups.get(&focus.node).copied());
    let Some(start) = start else { return };
    let near = neighbours(graph, groups.len(), &member_of);
    let mut distance: Vec<Option<u8>> = vec![None; groups.len()];
    distance[start] = Some(0);
    let mut frontier = vec![start];
    for hop in 1..=focus.hops {
        let mut next = Vec::new();
        for &group in &frontier {
            if group != start && near[group].len() > HUB_NEIGHBOURS {
                continue;
            }
            for &other in &near[group] {
                if distance[other].is_none() {
                    distance[other] = Some(hop);
                    next.push(other);
                }
            }
        }
        frontier = next;
    }
    for (ix, keep) in kept.iter_mut().enumerate() {
        *keep &= member_of[ix].is_some_and(|group| distance[group].is_some());
    }
}

/// Numbers the boxes, and tells for each node its box.
fn groups(
    graph: &Graph,
    options: &ViewOptions,
    kept: &[bool],
) -> (BTreeMap<NodeId, usize>, Vec<Option<usize>>) {
    let mut groups = BTreeMap::new();
    let member_of = graph
        .nodes
        .iter()
        .zip(kept)
        .map(|(node, keep)| {
            keep.then(|| {
                let key = box_key(graph.options.graph_type, node, &options.collapsed);
                let next = groups.len();
                *groups.entry(key).or_insert(next)
            })
        })
        .collect();
    (groups, member_of)
}

/// The boxes next to each box, sorted, without itself.
fn neighbours(graph: &Graph, count: usize, member_of: &[Option<usize>]) -> Vec<Vec<usize>> {
    let index: BTreeMap<&str, usize> =
        graph.nodes.iter().enumerate().map(|(ix, node)| (&*node.id, ix)).collect();
    let mut near = vec![Vec::new(); count];
    for edge in &graph.edges {
        let group = |id: &str| index.get(id).and_then(|&ix| member_of[ix]);
        if let (Some(from), Some(to)) = (group(&edge.source), group(&edge.target))
            && from != to
        {
            near[from].push(to);
            near[to].push(from);
        }
    }
    for list in &mut near {
        list.sort_unstable();
        list.dedup();
    }
    near
}
