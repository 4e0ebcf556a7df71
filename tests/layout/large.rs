//! Shapes that are hard on a layout: it ends, within its bounds, and everything is there.

use vigla::layout::scene::{Orientation, Scene, Zoom};
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};
use vigla::mesh::graph::Graph;

use crate::meshes;

fn chain(length: usize) -> Graph {
    meshes::graph((1..length).map(|at| (at - 1, at)))
}

fn ring(length: usize) -> Graph {
    meshes::graph((0..length).map(|at| (at, (at + 1) % length)))
}

fn clique(size: usize) -> Graph {
    meshes::graph((0..size).flat_map(|from| (0..size).map(move |to| (from, to))))
}

fn bipartite(size: usize) -> Graph {
    meshes::graph((0..size).flat_map(|from| (0..size).map(move |to| (from, size + to))))
}

#[test]
fn hard_shapes_end_within_their_bounds() {
    let cases = [
        ("a chain", chain(5_000), 5_000),
        ("a ring", ring(1_000), 1_000),
        ("a clique", clique(24), 24),
        ("two sides", bipartite(30), 60),
        ("a hub", meshes::star(100), 101),
        ("a star", meshes::star(2_000), 2_001),
        ("a mesh", meshes::mesh(1, 600, 900), 600),
        ("nothing", meshes::graph([]), 0),
        ("one that calls itself", meshes::graph([(0, 0)]), 1),
    ];
    for (name, graph, boxes) in cases {
        ends_within_its_bounds(name, &graph, boxes);
    }
}

fn ends_within_its_bounds(name: &str, graph: &Graph, boxes: usize) {
    let view = ViewGraph::from_graph(graph, &ViewOptions::default());
    for (zoom, orientation) in
        [(Zoom::Box, Orientation::LeftRight), (Zoom::Pill, Orientation::TopDown)]
    {
        let options = LayoutOptions { zoom, orientation, ..LayoutOptions::default() };
        let (scene, _) = layout(&view, &options, None);
        assert_eq!(scene.boxes.len(), boxes, "{name}");
        let drawn = scene.wires.iter().filter(|wire| !wire.omitted).count();
        assert!(drawn > 0 || graph.edges.is_empty(), "{name} has no lines");
        let (steps, bound) = (scene.stats.steps, bound(&scene));
        assert!(steps <= bound, "{name}: {steps} steps, at most {bound}");
        assert_eq!((scene.width, scene.height) == (0, 0), boxes == 0, "{name}");
    }
}

/// The most steps that ordering may take: each sweep and each move looks at every end of every
/// link a few times; in small graphs a number of further orders is tried besides.
fn bound(scene: &Scene) -> u64 {
    const FURTHER_ORDERS: u64 = 1_000_000;
    let ends = scene.wires.len() as u64 + u64::from(scene.stats.dummies) + scene.boxes.len() as u64;
    FURTHER_ORDERS + 200 * 4 * (ends + 1)
}
