//! The pictures in `screenshots/`: drawn from graphs made by hand and compared with what is there.
//! `VIGLA_WRITE_SCREENSHOTS=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/graphs.rs"]
#[expect(dead_code, reason = "other tests draw the rest")]
mod graphs;
#[path = "support/meshes.rs"]
#[expect(dead_code, reason = "other tests and the benches draw the rest")]
mod meshes;

use std::fs;
use std::path::Path;

use vigla::layout::first_view::opening;
use vigla::layout::glyph::Glyphs;
use vigla::layout::scene::{LabelMode, Orientation};
use vigla::layout::selection::Selection;
use vigla::layout::style::StyleTable;
use vigla::layout::view::ViewOptions;
use vigla::mesh::graph::Graph;
use vigla::report::drawing::{Canvas, left_out};
use vigla::report::svg::svg;

/// As many rows as there need be: text scrolls.
const ROWS: i32 = 400;

/// Compares a file with what it should be, or writes it.
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(name);
    if std::env::var_os("VIGLA_WRITE_SCREENSHOTS").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == text, "screenshots/{name} shows something else; now it is:\n{text}");
}

#[test]
fn graphs_are_drawn_as_their_pictures_show() {
    let down = Some(Orientation::TopDown);
    for (name, graph, columns, way) in [
        ("bookinfo-80", graphs::bookinfo(), 80, None),
        ("bookinfo-160", graphs::bookinfo(), 160, None),
        ("bookinfo-down", graphs::bookinfo(), 80, down),
        ("boutique-80", graphs::boutique(), 80, None),
        ("boutique-130", graphs::boutique(), 130, None),
        ("boutique-down", graphs::boutique(), 160, down),
        ("two-way-120", graphs::two_way(), 120, None),
        ("large-200", meshes::namespaces(3, 4), 80, None),
        ("large-2000", meshes::namespaces(3, 40), 80, None),
    ] {
        drawn(name, &graph, columns, way);
    }
}

fn drawn(name: &str, graph: &Graph, columns: i32, way: Option<Orientation>) {
    let mut namespaces: Vec<_> = graph.nodes.iter().map(|node| &node.namespace).collect();
    namespaces.sort();
    namespaces.dedup();
    let wanted = ViewOptions { bands: namespaces.len() > 2, ..ViewOptions::default() };
    let opening = opening(graph, &wanted, (columns, ROWS), LabelMode::Rate, way);
    let styles = StyleTable::from_graph(graph, &opening.view, None);
    let canvas = |glyphs| Canvas::of(&opening.scene, &styles, &Selection::default(), glyphs);
    let text = canvas(Glyphs::Rounded).text(false) + &left_out(&opening);
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= columns as usize, "{widest} columns:\n{text}");
    check(&format!("graph-{name}.txt"), &text);
    check(&format!("graph-{name}.svg"), &svg(&canvas(Glyphs::Rounded), name));
    if name == "bookinfo-80" {
        let ascii = canvas(Glyphs::Ascii).text(false);
        assert!(ascii.is_ascii());
        check("graph-bookinfo-ascii.txt", &ascii);
    }
}
