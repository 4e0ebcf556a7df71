//! The first view of a graph: the nearest zoom at which it fits a window, or what to show instead.

use std::collections::BTreeMap;

use crate::mesh::graph::{Graph, NodeId};

use super::scene::{LabelMode, Orientation, Scene, Zoom};
use super::view::{Collapse, Focus, ViewGraph, ViewOptions};
use super::{LayoutOptions, Memory, layout};

/// A view with more boxes than this opens on the neighbourhood of its busiest root.
pub const MOST_BOXES: usize = 80;
/// A view with more boxes than this opens with a box for each namespace.
pub const MOST_BOXES_EXPANDED: usize = 300;
/// How far the neighbourhood goes at first.
pub const FIRST_HOPS: u8 = 2;
/// Names are not cut to fewer cells than this to make a drawing fit.
pub const SHORTEST_NAME: u16 = 12;

/// What to draw first of a graph: all of it, the busiest root's neighbourhood, or namespaces.
pub fn first_options(graph: &Graph, options: &ViewOptions) -> ViewOptions {
    let view = ViewGraph::from_graph(graph, options);
    let boxes = view.nodes.len();
    let namespaces = view.nodes.iter().filter_map(|node| node.namespace.as_ref());
    let several = namespaces.collect::<std::collections::BTreeSet<_>>().len() > 1;
    if boxes > MOST_BOXES_EXPANDED && several {
        return ViewOptions { collapsed: Collapse::All, ..options.clone() };
    }
    if boxes > MOST_BOXES
        && let Some(node) = busiest_root(graph)
    {
        return ViewOptions { focus: Some(Focus { node, hops: FIRST_HOPS }), ..options.clone() };
    }
    options.clone()
}

/// The node that sends most among those that nobody calls; without such, among all.
pub fn busiest_root(graph: &Graph) -> Option<NodeId> {
    let mut sent: BTreeMap<&NodeId, f64> = BTreeMap::new();
    let mut called = std::collections::BTreeSet::new();
    for edge in &graph.edges {
        *sent.entry(&edge.source).or_default() += edge.rate;
        if edge.source != edge.target {
            called.insert(&edge.target);
        }
    }
    let busiest = |among: &dyn Fn(&NodeId) -> bool| {
        sent.iter()
            .filter(|(id, _)| among(id))
            .reduce(|best, next| if next.1.total_cmp(best.1).is_gt() { next } else { best })
            .map(|(id, _)| (*id).clone())
    };
    busiest(&|id| !called.contains(id)).or_else(|| busiest(&|_| true))
}

/// Lays a view out at the nearest zoom that fits a window, calls running to the right before they
/// run down. Long names are cut before a zoom is given up; pills are the last resort, and may be
/// larger than the window.
pub fn first_view(
    view: &ViewGraph,
    (width, height): (i32, i32),
    labels: LabelMode,
) -> (LayoutOptions, Scene, Memory) {
    let longest = LayoutOptions::default().name_cells;
    let tries = [
        (Zoom::Detail, Orientation::LeftRight, longest),
        (Zoom::Box, Orientation::LeftRight, longest),
        (Zoom::Box, Orientation::LeftRight, 20),
        (Zoom::Box, Orientation::LeftRight, 16),
        (Zoom::Box, Orientation::LeftRight, SHORTEST_NAME),
        (Zoom::Box, Orientation::TopDown, 20),
        (Zoom::Pill, Orientation::LeftRight, 20),
        (Zoom::Pill, Orientation::LeftRight, SHORTEST_NAME),
    ];
    let with = |(zoom, orientation, name_cells)| LayoutOptions {
        orientation,
        zoom,
        labels,
        name_cells,
        ..LayoutOptions::default()
    };
    // Boxes are three rows and more: what cannot fit is not tried.
    let many =
        i32::try_from(view.nodes.len()).unwrap_or(i32::MAX) > width.max(0) / 4 * height.max(0) / 4;
    for options in tries.map(with) {
        if many && options.zoom.boxed() {
            continue;
        }
        let (scene, memory) = layout(view, &options, None);
        if scene.width <= width && scene.height <= height {
            return (options, scene, memory);
        }
    }
    let options = with((Zoom::Pill, Orientation::LeftRight, 20));
    let (scene, memory) = layout(view, &options, None);
    (options, scene, memory)
}
