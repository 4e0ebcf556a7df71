//! What must hold for any graph, over generated ones.

use std::collections::BTreeSet;

use proptest::prelude::*;
use vigla::layout::glyph::Glyphs;
use vigla::layout::layout;
use vigla::layout::navigate;
use vigla::layout::paint::paint;
use vigla::layout::scene::{Area, Orientation, Pos, Side, Zoom};
use vigla::layout::selection::Selection;
use vigla::layout::style::CellStyle;
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::report::drawing::Canvas;

use unicode_width::UnicodeWidthChar;

use crate::decode;
use crate::generated::{cells, cells_of, config, drawn, graph, options};

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
    fn texts_stay_in_their_boxes_and_slots(
        graph in graph(),
        options in options(),
        factor in 0.001_f64..1e12,
    ) {
        let mut graph = graph;
        for edge in &mut graph.edges {
            edge.rate *= factor;
        }
        let (scene, styles) = drawn(&graph, &options, false);
        let canvas = Canvas::of(&scene, &styles, &Selection::default(), Glyphs::Rounded);
        let mut roomy: BTreeSet<(i32, i32)> = BTreeSet::new();
        roomy.extend(scene.boxes.iter().flat_map(|item| cells_of(item.area)));
        roomy.extend(scene.slots.iter().flat_map(|slot| {
            cells_of(Area::new(slot.pos.x, slot.pos.y, i32::from(slot.width), 1))
        }));
        for cell in cells_of(Area::new(0, 0, scene.width, scene.height)) {
            let letter = canvas.cell(Pos { x: cell.0, y: cell.1 }).map(|(letter, _)| letter);
            let text = letter.is_some_and(|letter| letter.is_alphanumeric() || "…%●✕".contains(letter));
            prop_assert!(!text || roomy.contains(&cell), "{:?} outside at {:?}", letter, cell);
        }
    }

    #[test]
    fn the_picture_tells_the_graph(
        graph in graph(),
        options in options(),
        bands in any::<bool>(),
    ) {
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
        other.nodes.reverse();
        for edge in &mut other.edges {
            edge.rate *= 3.0;
            edge.error_percent = Some(50.0);
        }
        let other = ViewGraph::from_graph(&other, &ViewOptions::default());
        prop_assert_eq!(&layout(&other, &options, None).0, &scene);
        // What is remembered and unchanged stays where it is.
        let (again, memory_again) = layout(&view, &options, Some(&memory));
        prop_assert_eq!(&again.boxes, &scene.boxes);
        prop_assert_eq!(&again.runs, &scene.runs);
        prop_assert_eq!(&again.slots, &scene.slots);
        prop_assert_eq!(&layout(&view, &options, Some(&memory_again)).0, &again);
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
            let seen = |canvas: &Canvas, at| canvas.cell(at).filter(|(letter, _)| *letter != ' ');
            let wide = whole.cell(at).is_some_and(|(letter, _)| letter.width() == Some(2));
            // Of a letter two cells wide the window must have both.
            let expected = if wide && x + 1 == window.2 { None } else { seen(&whole, at) };
            prop_assert_eq!(seen(&part, Pos { x, y }), expected, "at {:?}", at);
        }
    }

    #[test]
    fn every_table_of_glyphs_draws_the_same_cells(graph in graph(), options in options()) {
        let (scene, styles) = drawn(&graph, &options, false);
        let canvas = |glyphs| Canvas::of(&scene, &styles, &Selection::default(), glyphs);
        let (round, square, ascii) =
            (canvas(Glyphs::Rounded), canvas(Glyphs::Square), canvas(Glyphs::Ascii));
        prop_assert!(ascii.text(false).is_ascii(), "{}", ascii.text(false));
        let mut named = BTreeSet::new();
        named.extend(scene.boxes.iter().flat_map(|item| cells_of(item.area)));
        named.extend(scene.bands.iter().flat_map(|band| cells_of(band.area)));
        for cell in cells_of(Area::new(0, 0, scene.width, scene.height)) {
            let pos = Pos { x: cell.0, y: cell.1 };
            let letters = [&round, &square, &ascii].map(|canvas| canvas.cell(pos));
            if named.contains(&cell) {
                continue;
            }
            let drawn = letters.map(|letter| letter.is_some_and(|(letter, _)| letter != ' '));
            prop_assert!(drawn.iter().all(|is| *is == drawn[0]), "{letters:?} at {pos:?}");
            for (letter, _) in letters.into_iter().flatten() {
                prop_assert_eq!(letter.width(), Some(1), "{:?} at {:?}", letter, pos);
            }
        }
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

    #[test]
    fn there_and_back_along_a_call_returns(graph in graph(), options in options()) {
        let (scene, _) = drawn(&graph, &options, false);
        let (ahead, behind) = match options.orientation {
            Orientation::LeftRight => (Side::Right, Side::Left),
            Orientation::TopDown => (Side::Down, Side::Up),
        };
        for start in &scene.boxes {
            let at = scene.box_of(&start.key);
            let calls = scene.wires.iter().any(|wire| {
                let higher = |ix: usize| scene.boxes[ix].rank > start.rank;
                (Some(wire.from) == at && higher(wire.to)) || (Some(wire.to) == at && higher(wire.from))
            });
            if !calls {
                continue;
            }
            let visited = [start.key.clone()];
            let there = navigate::navigate(&scene, &start.key, ahead, &visited);
            prop_assert!(there.is_some());
            let there = there.unwrap_or_else(|| start.key.clone());
            let visited = [start.key.clone(), there.clone()];
            let back = navigate::navigate(&scene, &there, behind, &visited);
            prop_assert_eq!(back.as_ref(), Some(&start.key));
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
