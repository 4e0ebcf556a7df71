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

/// Lays a view out at the nearest zoom that fits a window, calls running the one way that is asked
/// for, or else to the right before they run down. Long names are cut before a zoom is given up;
/// pills are the last resort, and may be larger than the window.
pub fn first_view(
    view: &ViewGraph,
    (width, height): (i32, i32),
    labels: LabelMode,
    way: Option<Orientation>,
) -> (LayoutOptions, Scene, Memory) {
    use Orientation::{LeftRight, TopDown};
    let longest = LayoutOptions::default().name_cells;
    let tries = [
        (Zoom::Detail, LeftRight, longest, labels),
        (Zoom::Detail, TopDown, longest, labels),
        (Zoom::Box, LeftRight, longest, labels),
        (Zoom::Box, LeftRight, 20, labels),
        (Zoom::Box, LeftRight, 16, labels),
        (Zoom::Box, LeftRight, SHORTEST_NAME, labels),
        (Zoom::Box, TopDown, 20, labels),
        (Zoom::Box, TopDown, SHORTEST_NAME, labels),
        (Zoom::Pill, LeftRight, 20, labels),
        (Zoom::Pill, LeftRight, SHORTEST_NAME, labels),
        (Zoom::Pill, TopDown, 20, labels),
        (Zoom::Pill, TopDown, SHORTEST_NAME, labels),
        (Zoom::Pill, LeftRight, SHORTEST_NAME, LabelMode::None),
        (Zoom::Pill, TopDown, SHORTEST_NAME, LabelMode::None),
    ];
    // Boxes are three rows and more: what cannot fit is not tried.
    let many =
        i32::try_from(view.nodes.len()).unwrap_or(i32::MAX) > width.max(0) / 4 * height.max(0) / 4;
    let mut narrowest: Option<(LayoutOptions, Scene, Memory)> = None;
    for (zoom, orientation, name_cells, labels) in tries {
        // What is large is read along its rows: details run down only where that is asked for.
        let wanted = match way {
            Some(way) => orientation == way,
            None => (zoom, orientation) != (Zoom::Detail, TopDown),
        };
        if !wanted || (many && zoom.boxed()) {
            continue;
        }
        let options =
            LayoutOptions { orientation, zoom, labels, name_cells, ..LayoutOptions::default() };
        let (scene, memory) = layout(view, &options, None);
        if scene.width <= width && scene.height <= height {
            return (options, scene, memory);
        }
        let labelled = zoom == Zoom::Pill && labels != LabelMode::None;
        let narrower = narrowest.as_ref().is_none_or(|narrowest| scene.width < narrowest.1.width);
        if labelled && narrower {
            narrowest = Some((options, scene, memory));
        }
    }
    narrowest.unwrap_or_else(|| {
        let options = LayoutOptions { zoom: Zoom::Pill, labels, ..LayoutOptions::default() };
        let (scene, memory) = layout(view, &options, None);
        (options, scene, memory)
    })
}

/// A graph as it is drawn first.
#[derive(Debug, Clone)]
pub struct Opening {
    pub view_options: ViewOptions,
    pub view: ViewGraph,
    pub options: LayoutOptions,
    pub scene: Scene,
    pub memory: Memory,
}

impl Opening {
    fn of(
        graph: &Graph,
        view_options: ViewOptions,
        (window, labels, way): ((i32, i32), LabelMode, Option<Orientation>),
    ) -> Self {
        let view = ViewGraph::from_graph(graph, &view_options);
        let (options, scene, memory) = first_view(&view, window, labels, way);
        Self { view_options, view, options, scene, memory }
    }

    fn fits(&self, (width, height): (i32, i32)) -> bool {
        self.scene.width <= width && self.scene.height <= height
    }
}

/// Draws a graph so that it can be read in a window: all of it, or the neighbourhood of its busiest
/// root, or its namespaces, whichever has room and tells most. Bands are given up before boxes are,
/// and a smaller neighbourhood is better than one that is cut off.
pub fn opening(
    graph: &Graph,
    options: &ViewOptions,
    window: (i32, i32),
    labels: LabelMode,
    way: Option<Orientation>,
) -> Opening {
    let how = (window, labels, way);
    let first = first_options(graph, options);
    let mut best = Opening::of(graph, first.clone(), how);
    let plain = ViewOptions { bands: false, ..first };
    let mut others = vec![plain.clone()];
    if let Some(focus) = &plain.focus {
        let nearer = (1..focus.hops).rev().map(|hops| Focus { hops, ..focus.clone() });
        others.extend(nearer.map(|focus| ViewOptions { focus: Some(focus), ..plain.clone() }));
        others.push(ViewOptions { focus: None, collapsed: Collapse::All, ..plain });
    } else if plain.collapsed == Collapse::All
        && let Some(node) = busiest_root(graph)
    {
        let focused = |hops| ViewOptions {
            focus: Some(Focus { node: node.clone(), hops }),
            collapsed: Collapse::None,
            ..plain.clone()
        };
        others.extend((1..=FIRST_HOPS).rev().map(focused));
    }
    for (step, other) in others.into_iter().enumerate() {
        let boxed = best.options.zoom.boxed();
        let bands_only = step == 0 && best.view_options.bands && !boxed;
        if best.fits(window) && !bands_only {
            break;
        }
        let other = Opening::of(graph, other, how);
        let better = if best.fits(window) {
            other.fits(window) && other.options.zoom.boxed()
        } else {
            other.fits(window) || other.scene.width < best.scene.width
        };
        if better {
            best = other;
        }
    }
    best
}
