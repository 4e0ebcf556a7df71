//! Crossings on twenty fixed meshes, against Graphviz.

use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};

use crate::meshes::mesh;

/// Services, calls, and the crossings that `dot -v` of Graphviz 2.43.0 tells of the mesh with
/// this line's number as its seed (`mincross G: N crossings`, the nodes told in the order of their
/// names).
const OF_DOT: [(usize, usize, u64); 20] = [
    (10, 12, 0),
    (15, 20, 1),
    (20, 26, 0),
    (20, 30, 1),
    (25, 34, 5),
    (30, 40, 6),
    (30, 45, 11),
    (40, 56, 10),
    (40, 60, 18),
    (50, 74, 30),
    (50, 90, 38),
    (60, 84, 31),
    (60, 90, 43),
    (80, 120, 74),
    (80, 140, 168),
    (100, 150, 158),
    (100, 180, 294),
    (120, 180, 208),
    (150, 260, 648),
    (200, 395, 2212),
];

#[test]
fn meshes_cross_at_most_a_quarter_more_than_in_dot() {
    let mut sums = (0, 0);
    for (seed, (services, calls, of_dot)) in (1..).zip(OF_DOT) {
        let view = ViewGraph::from_graph(&mesh(seed, services, calls), &ViewOptions::default());
        let (scene, _) = layout(&view, &LayoutOptions::default(), None);
        let own = scene.stats.crossings;
        println!(
            "{services}/{calls}: {own} lines, {} calls, dot {of_dot}",
            scene.stats.crossing_calls
        );
        sums = (sums.0 + own, sums.1 + of_dot);
        assert!(4 * own <= 5 * of_dot, "{services}/{calls}: {own} crossings, dot has {of_dot}");
    }
    println!("together {}, dot {}", sums.0, sums.1);
    assert!(sums.0 <= sums.1, "together {}, dot {}", sums.0, sums.1);
}
