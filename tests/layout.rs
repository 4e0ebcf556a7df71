//! The layout as a whole: pictures of example graphs, and what must hold for any graph.

#[path = "layout/crossings.rs"]
mod crossings;
#[path = "layout/decode.rs"]
mod decode;
#[path = "layout/generated.rs"]
mod generated;
#[path = "support/graphs.rs"]
mod graphs;
#[path = "layout/large.rs"]
mod large;
#[path = "support/meshes.rs"]
#[expect(dead_code, reason = "the pictures of screenshots/ draw the rest")]
mod meshes;
#[path = "layout/random.rs"]
mod random;
#[path = "layout/routes.rs"]
mod routes;
#[path = "layout/stable.rs"]
mod stable;

use rstest::rstest;
use vigla::layout::glyph::Glyphs;
use vigla::layout::scene::{Orientation, Scene, Zoom};
use vigla::layout::style::StyleTable;
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};
use vigla::mesh::graph::Graph;
use vigla::report::drawing::{DrawingOptions, drawing};

fn laid_out(graph: &Graph, options: &LayoutOptions) -> (Scene, StyleTable) {
    let view = ViewGraph::from_graph(graph, &ViewOptions::default());
    let (scene, _) = layout(&view, options, None);
    (scene, StyleTable::from_graph(graph, &view, None))
}

fn picture(graph: &Graph, options: &LayoutOptions, glyphs: Glyphs) -> String {
    let (scene, styles) = laid_out(graph, options);
    drawing(&scene, &styles, DrawingOptions { glyphs, colour: false })
}

#[rstest]
#[case("bookinfo", graphs::bookinfo())]
#[case("boutique", graphs::boutique())]
#[case("two_way", graphs::two_way())]
#[case("islands", graphs::islands())]
fn pictures(#[case] name: &str, #[case] graph: Graph) {
    for (zoom, zoom_name) in [(Zoom::Detail, "detail"), (Zoom::Box, "box"), (Zoom::Pill, "pill")] {
        for (orientation, way) in
            [(Orientation::LeftRight, "across"), (Orientation::TopDown, "down")]
        {
            let options = LayoutOptions { orientation, zoom, ..LayoutOptions::default() };
            let drawn = picture(&graph, &options, Glyphs::Rounded);
            insta::assert_snapshot!(format!("{name}_{zoom_name}_{way}"), drawn);
        }
    }
}

#[test]
fn ascii_has_the_same_shape_in_ascii_letters() {
    let drawn = picture(&graphs::bookinfo(), &LayoutOptions::default(), Glyphs::Ascii);
    assert!(drawn.is_ascii());
    insta::assert_snapshot!("bookinfo_ascii", drawn);
}

#[test]
fn bookinfo_fits_eighty_columns_with_its_labels() {
    let options = LayoutOptions { name_cells: 12, ..LayoutOptions::default() };
    let drawn = picture(&graphs::bookinfo(), &options, Glyphs::Rounded);
    assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{drawn}");
    assert_eq!(drawn.matches("4.1/s►").count(), 3);
    let readme = include_str!("../README.md");
    assert!(readme.contains(drawn.trim_end()), "the picture in README.md is another one:\n{drawn}");
    insta::assert_snapshot!("bookinfo_80", drawn);
}
