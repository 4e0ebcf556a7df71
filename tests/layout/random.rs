//! What must hold for any graph, over generated ones. `VIGLA_CASES` sets how many.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::Config;
use vigla::layout::glyph::Glyphs;
use vigla::layout::navigate;
use vigla::layout::paint::paint;
use vigla::layout::scene::{Area, LabelMode, Orientation, Pos, Scene, Side, Zoom};
use vigla::layout::selection::Selection;
use vigla::layout::style::{CellStyle, StyleTable};
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, layout};
use vigla::mesh::graph::Graph;
use vigla::report::drawing::Canvas;

use crate::decode;
use crate::graphs::Builder;

fn config() -> Config {
    let cases = std::env::var("VIGLA_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: cases.unwrap_or(2_000), failure_persistence: None, ..Config::default() }
}

/// Any digraph of a few apps with one to three versions: cycles, calls to itself, both ways.
fn any_graph() -> impl Strategy<Value = Graph> {
    let calls = prop::collection::vec((0_u8..14, 0_u8..3, 0_u8..14, 0_u8..3), 0..36);
    (calls, prop::collection::vec(0_u8..20, 0..4), any::<bool>()).prop_map(
        |(calls, lonely, versions)| {
            let mut graph = Builder::default();
            let name = |app: u8, version: u8| {
                let version = if versions { version.min(app % 3) } else { 0 };
                format!("ns{}/service-{app} v{version}", app % 3)
            };
            for (from, from_version, to, to_version) in calls {
                let (from, to) = (name(from, from_version), name(to, to_version));
                graph.call(&from, &to, f64::from(from_version) + 0.5);
            }
            for app in lonely {
                graph.node(&name(app, 0));
            }
            graph.build()
        },
    )
}

/// Hubs: many callers of few services.
fn hubs() -> impl Strategy<Value = Graph> {
    prop::collection::btree_set((0_u8..24, 0_u8..8), 0..60).prop_map(|pairs| {
        let mut graph = Builder::default();
        for (from, to) in pairs {
            graph.call(&format!("caller-{from}"), &format!("hub-{}", to / 3), 1.0);
            if from % 5 == 0 {
                graph.call(&format!("hub-{}", to / 3), &format!("caller-{}", from / 2), 1.0);
            }
        }
        graph.build()
    })
}

fn graph() -> impl Strategy<Value = Graph> {
    prop_oneof![3 => any_graph(), 1 => hubs()]
}

fn options() -> impl Strategy<Value = LayoutOptions> {
    let zoom = prop::sample::select(vec![Zoom::Dots, Zoom::Pill, Zoom::Box, Zoom::Detail]);
    let labels = prop::sample::select(vec![LabelMode::Rate, LabelMode::P95, LabelMode::None]);
    (zoom, any::<bool>(), labels, 1_u16..30).prop_map(|(zoom, down, labels, name_cells)| {
        let orientation = if down { Orientation::TopDown } else { Orientation::LeftRight };
        LayoutOptions { orientation, zoom, labels, name_cells, ..LayoutOptions::default() }
    })
}

fn drawn(graph: &Graph, options: &LayoutOptions, bands: bool) -> (Scene, StyleTable) {
    let view = ViewGraph::from_graph(graph, &ViewOptions { bands, ..ViewOptions::default() });
    (layout(&view, options, None).0, StyleTable::from_graph(graph, &view, None))
}

fn cells(a: Pos, b: Pos) -> impl Iterator<Item = (i32, i32)> {
    (a.y..=b.y).flat_map(move |y| (a.x..=b.x).map(move |x| (x, y)))
}

fn cells_of(area: Area) -> impl Iterator<Item = (i32, i32)> {
    cells(Pos { x: area.x, y: area.y }, Pos { x: area.right() - 1, y: area.bottom() - 1 })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn boxes_lines_heads_and_labels_keep_to_their_cells(
        graph in graph(),
        options in options(),
        bands in any::<bool>(),
    ) {
        let (scene, _) = drawn(&graph, &options, bands);
        let bounds = Area::new(0, 0, scene.width, scene.height);
        let mut boxed = BTreeSet::new();
        for item in &scene.boxes {
            for cell in cells_of(item.area) {
                prop_assert!(boxed.insert(cell), "boxes overlap at {:?}", cell);
                let inside = bounds.contains(Pos { x: cell.0, y: cell.1 });
                prop_assert!(inside, "outside of the scene: {:?}", cell);
            }
        }
        let mut lined = BTreeSet::new();
        for run in &scene.runs {
            prop_assert!(run.wires.from < run.wires.until, "a run without a wire");
            for cell in cells(run.a, run.b) {
                prop_assert!(!boxed.contains(&cell), "a line runs through a box at {:?}", cell);
                let inside = bounds.contains(Pos { x: cell.0, y: cell.1 });
                prop_assert!(inside, "outside of the scene: {:?}", cell);
                if run.vertical != (options.orientation == Orientation::TopDown) {
                    lined.insert(cell);
                }
            }
        }
        let heads: BTreeSet<(i32, i32)> =
            scene.heads.iter().map(|head| (head.pos.x, head.pos.y)).collect();
        prop_assert_eq!(heads.len(), scene.heads.len());
        for head in &scene.heads {
            let beside = head.pos.step(head.to);
            let item = &scene.boxes[head.at];
            let drawn = cells_of(item.area).collect::<BTreeSet<_>>();
            let near = drawn.contains(&(beside.x, beside.y))
                || drawn.contains(&(head.pos.x, head.pos.y))
                || options.zoom < Zoom::Box;
            prop_assert!(near, "a head away from its box");
        }
        let mut labelled = BTreeSet::new();
        for slot in &scene.slots {
            let end = Pos { x: slot.pos.x + i32::from(slot.width) - 1, y: slot.pos.y };
            for cell in cells(slot.pos, end) {
                prop_assert!(labelled.insert(cell), "labels meet at {:?}", cell);
                prop_assert!(!boxed.contains(&cell), "a label on a box at {:?}", cell);
                prop_assert!(!heads.contains(&cell), "a label on a head at {:?}", cell);
                prop_assert!(!lined.contains(&cell), "a label on another line at {:?}", cell);
                let inside = bounds.contains(Pos { x: cell.0, y: cell.1 });
                prop_assert!(inside, "outside of the scene: {:?}", cell);
            }
        }
        for (ix, band) in scene.bands.iter().enumerate() {
            for item in scene.boxes.iter().filter(|item| item.band == Some(ix)) {
                let inside = cells_of(item.area).all(|(x, y)| band.area.contains(Pos { x, y }));
                prop_assert!(inside, "a box outside of its band");
            }
            prop_assert!(scene.bands[..ix].iter().all(|other| !other.area.intersects(&band.area)));
        }
    }

    #[test]
    fn the_picture_tells_the_graph(
        graph in graph(),
        down in any::<bool>(),
        bands in any::<bool>(),
    ) {
        let orientation = if down { Orientation::TopDown } else { Orientation::LeftRight };
        let labels = LabelMode::None;
        let options = LayoutOptions { orientation, labels, ..LayoutOptions::default() };
        let (mut scene, styles) = drawn(&graph, &options, bands);
        scene.bands.clear();
        let expected: BTreeSet<(usize, usize)> = scene
            .wires
            .iter()
            .filter(|wire| !wire.is_loop())
            .map(|wire| (wire.from, wire.to))
            .collect();
        prop_assert_eq!(decode::edges(&scene, &styles), expected);
    }

    #[test]
    fn order_of_input_and_rates_change_nothing(graph in graph(), options in options()) {
        let view = ViewGraph::from_graph(&graph, &ViewOptions::default());
        let (scene, memory) = layout(&view, &options, None);
        let mut other = graph;
        other.edges.reverse();
        for edge in &mut other.edges {
            edge.rate *= 3.0;
            edge.error_percent = Some(50.0);
        }
        let other = ViewGraph::from_graph(&other, &ViewOptions::default());
        prop_assert_eq!(&layout(&other, &options, None).0, &scene);
        // What is remembered and unchanged stays where it is.
        let (again, _) = layout(&view, &options, Some(&memory));
        prop_assert_eq!(&again.boxes, &scene.boxes);
    }

    #[test]
    fn any_window_shows_its_part_of_the_whole(
        graph in graph(),
        options in options(),
        window in (-5_i32..40, -5_i32..30, 1_i32..60, 1_i32..30),
    ) {
        let (scene, styles) = drawn(&graph, &options, false);
        let selection = Selection::default();
        let whole = Canvas::of(&scene, &styles, &selection, Glyphs::Rounded);
        let mut part = Canvas::new(window.2 as usize, window.3 as usize);
        let area = Area::new(window.0, window.1, window.2, window.3);
        paint(&scene, &styles, area, &selection, Glyphs::Rounded, &mut Bounded(&mut part, area));
        for (x, y) in cells_of(Area::new(0, 0, window.2, window.3)) {
            let at = Pos { x: x + window.0, y: y + window.1 };
            prop_assert_eq!(part.cell(Pos { x, y }), whole.cell(at), "at {:?}", at);
        }
    }

    #[test]
    fn ascii_is_ascii(graph in graph(), options in options()) {
        let (scene, styles) = drawn(&graph, &options, false);
        let text = Canvas::of(&scene, &styles, &Selection::default(), Glyphs::Ascii).text(false);
        prop_assert!(text.is_ascii(), "{}", text);
    }

    #[test]
    fn every_node_is_reached_by_arrows(graph in graph(), options in options()) {
        let (scene, _) = drawn(&graph, &options, false);
        for start in scene.boxes.iter().take(3) {
            let mut reached = BTreeSet::from([start.key.clone()]);
            let mut stack = vec![start.key.clone()];
            while let Some(at) = stack.pop() {
                for side in Side::ALL {
                    if let Some(to) = navigate::navigate(&scene, &at, side, &[])
                        && reached.insert(to.clone())
                    {
                        stack.push(to);
                    }
                }
            }
            prop_assert_eq!(reached.len(), scene.boxes.len(), "from {}", start.key);
        }
    }
}

/// Fails when something is put outside of the window.
struct Bounded<'a>(&'a mut Canvas, Area);

impl vigla::layout::paint::CellSink for Bounded<'_> {
    fn put(&mut self, pos: Pos, letter: char, style: CellStyle) {
        assert!((0..self.1.width).contains(&pos.x) && (0..self.1.height).contains(&pos.y));
        self.0.put(pos, letter, style);
    }
}
