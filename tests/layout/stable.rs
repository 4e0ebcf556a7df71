//! What stays where it is when a mesh changes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use vigla::layout::ghosts::Ghosts;
use vigla::layout::scene::{Area, Orientation, Scene, Zoom};
use vigla::layout::style::StyleTable;
use vigla::layout::view::{ViewGraph, ViewOptions};
use vigla::layout::{LayoutOptions, Memory, layout};
use vigla::mesh::graph::{Graph, NodeId};

use crate::generated::{config, graph, options};
use crate::graphs::Builder;
use crate::meshes::{Dice, mesh};

fn laid_out(graph: &Graph, options: &LayoutOptions, last: Option<&Memory>) -> (Scene, Memory) {
    layout(&ViewGraph::from_graph(graph, &ViewOptions::default()), options, last)
}

/// Rank and area of each box.
fn places(scene: &Scene) -> BTreeMap<&NodeId, (u16, Area)> {
    scene.boxes.iter().map(|item| (&item.key, (item.rank, item.area))).collect()
}

/// The part of the drawing that each box belongs to, by the first of its keys.
fn parts(scene: &Scene) -> BTreeMap<&NodeId, usize> {
    let mut part: Vec<usize> = (0..scene.boxes.len()).collect();
    for _ in 0..scene.boxes.len() {
        for wire in &scene.wires {
            let first = part[wire.from].min(part[wire.to]);
            part[wire.from] = first;
            part[wire.to] = first;
        }
    }
    scene.boxes.iter().map(|item| &item.key).zip(part).collect()
}

/// A box's place across the calls.
fn across(scene: &Scene, area: Area) -> i32 {
    match scene.orientation {
        Orientation::LeftRight => area.y,
        Orientation::TopDown => area.x,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn removing_a_call_leaves_ranks_and_order(
        graph in graph(),
        options in options(),
        which in any::<prop::sample::Index>(),
    ) {
        let (before, memory) = laid_out(&graph, &options, None);
        let mut less = graph;
        if less.edges.is_empty() {
            return Ok(());
        }
        less.edges.remove(which.index(less.edges.len()));
        let (after, _) = laid_out(&less, &options, Some(&memory));
        let before_at = places(&before);
        // Where a cycle is broken, a call back is one no more and its ends change places.
        let turned = |scene: &Scene| -> BTreeSet<_> {
            let back = scene.wires.iter().filter(|wire| wire.back);
            back.flat_map(|wire| wire.edges.clone()).collect()
        };
        let there: BTreeSet<_> =
            after.wires.iter().flat_map(|wire| wire.edges.clone()).collect();
        let still = turned(&before).into_iter().filter(|key| there.contains(key));
        if still.collect::<BTreeSet<_>>() != turned(&after) {
            return Ok(());
        }
        let (parts_before, parts_after) = (parts(&before), parts(&after));
        // A part that falls in two is two drawings.
        let whole = |item: &&vigla::layout::scene::BoxItem| {
            let with = |parts: &BTreeMap<&NodeId, usize>| {
                parts.values().filter(|part| **part == parts[&item.key]).count()
            };
            with(&parts_before) == with(&parts_after)
        };
        let survivors: Vec<_> = after.boxes.iter().filter(whole).collect();
        for item in &survivors {
            prop_assert_eq!(before_at[&item.key].0, item.rank, "{} changed its rank", item.key);
        }
        for a in &survivors {
            let beside = |b: &&&vigla::layout::scene::BoxItem| {
                b.rank == a.rank && parts_after[&b.key] == parts_after[&a.key] && b.key != a.key
            };
            for b in survivors.iter().filter(beside) {
                let then = across(&before, before_at[&a.key].1) < across(&before, before_at[&b.key].1);
                let now = across(&after, a.area) < across(&after, b.area);
                prop_assert_eq!(then, now, "{} and {} changed places", a.key, b.key);
            }
        }
    }

    #[test]
    fn what_vanishes_stays_as_a_ghost_and_moves_nothing(
        graph in graph(),
        bands in any::<bool>(),
        which in any::<prop::sample::Index>(),
    ) {
        let second = |at: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(at);
        let options = ViewOptions { bands, ..ViewOptions::default() };
        let whole = ViewGraph::from_graph(&graph, &options);
        let mut less = graph;
        if less.nodes.is_empty() {
            return Ok(());
        }
        let gone = less.nodes.remove(which.index(less.nodes.len())).id;
        less.edges.retain(|edge| edge.source != gone && edge.target != gone);
        let rest = ViewGraph::from_graph(&less, &options);
        let (shown, ghosts) = Ghosts::default().keep(whole.clone(), second(0));
        prop_assert_eq!(&shown, &whole);
        let (shown, mut ghosts) = ghosts.keep(rest.clone(), second(5));
        // The same signature: no new layout, so nothing can move.
        prop_assert_eq!(shown.signature, whole.signature);
        prop_assert!(!ghosts.is_empty());
        let styles = StyleTable::from_graph(&less, &shown, None);
        prop_assert!(!styles.nodes.contains_key(&gone), "a ghost has metrics");
        for refresh in 2..=20 {
            let (shown, kept) = ghosts.keep(rest.clone(), second(5 * refresh));
            prop_assert_eq!(shown.signature, whole.signature, "gone at refresh {}", refresh);
            ghosts = kept;
        }
        let (back, _) = ghosts.keep(whole.clone(), second(105));
        prop_assert_eq!(&back, &whole);
        let (shown, ghosts) = ghosts.keep(rest.clone(), second(300));
        prop_assert_eq!(shown.signature, rest.signature, "a ghost stays for ever");
        prop_assert!(ghosts.is_empty());
    }

    #[test]
    fn a_new_node_turns_no_two_around(graph in graph(), options in options(), caller in 0_u8..14) {
        let (before, memory) = laid_out(&graph, &options, None);
        let mut builder = Builder::from(graph);
        builder.call(&format!("ns{}/service-{caller} v0", caller % 3), "ns9/newcomer v1", 1.0);
        let (after, _) = laid_out(&builder.build(), &options, Some(&memory));
        let (before_at, after_at) = (places(&before), places(&after));
        let parts_before = parts(&before);
        for (a, (rank, area)) in &before_at {
            for (b, (other_rank, other)) in &before_at {
                let same = rank == other_rank
                    && parts_before[a] == parts_before[b]
                    && after_at[a].0 == *rank
                    && after_at[b].0 == *rank;
                if same && a != b {
                    let then = across(&before, *area) < across(&before, *other);
                    let now = across(&after, after_at[a].1) < across(&after, after_at[b].1);
                    prop_assert_eq!(then, now, "{} and {} changed places", a, b);
                }
            }
        }
    }
}

/// How much one change of a mesh of 200 moved, in parts of a thousand nodes.
#[derive(Debug, Default)]
struct Moved {
    cells: usize,
    rows: usize,
    nodes: usize,
    crossings: (u64, u64),
}

impl Moved {
    fn add(&mut self, before: &Scene, after: &Scene) {
        let then = places(before);
        for item in &after.boxes {
            let Some((_, area)) = then.get(&item.key) else { continue };
            self.nodes += 1;
            self.cells += usize::from((area.x, area.y) != (item.area.x, item.area.y));
            self.rows += usize::from(across(before, *area) != across(after, item.area));
        }
    }

    fn share(&self, moved: usize) -> f64 {
        100.0 * moved as f64 / self.nodes.max(1) as f64
    }
}

#[test]
fn a_call_less_moves_few_nodes_of_two_hundred() {
    let seeds =
        std::env::var("VIGLA_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(12);
    for zoom in [Zoom::Box, Zoom::Pill] {
        let options = LayoutOptions { zoom, ..LayoutOptions::default() };
        let mut moved = Moved::default();
        let mut worst = (0.0_f64, 0.0_f64);
        for seed in 0..seeds {
            let full = mesh(seed, 200, 400);
            let (before, memory) = laid_out(&full, &options, None);
            let mut dice = Dice::new(seed);
            for _ in 0..3 {
                let mut less = full.clone();
                less.edges.remove(dice.below(less.edges.len()));
                let (after, _) = laid_out(&less, &options, Some(&memory));
                let mut one = Moved::default();
                one.add(&before, &after);
                worst = (worst.0.max(one.share(one.cells)), worst.1.max(one.share(one.rows)));
                moved.add(&before, &after);
                moved.crossings.0 += after.stats.crossings;
                moved.crossings.1 += laid_out(&less, &options, None).0.stats.crossings;
            }
        }
        let (cells, rows) = (moved.share(moved.cells), moved.share(moved.rows));
        println!(
            "{zoom:?}: {cells:.2} % of the nodes moved, {rows:.2} % changed their row; at worst \
             {:.1} % and {:.1} %; crossings {} after, {} fresh",
            worst.0, worst.1, moved.crossings.0, moved.crossings.1
        );
        assert!(worst.0 <= 25.0, "{} % of the nodes moved", worst.0);
        assert!(worst.1 <= 5.0, "{} % of the nodes changed their row", worst.1);
        assert!(moved.crossings.0 * 10 <= moved.crossings.1 * 13, "{:?}", moved.crossings);
    }
}

#[test]
fn new_rates_and_another_order_of_input_move_nothing() {
    for seed in 0..6 {
        let graph = mesh(seed, 200, 400);
        let (scene, memory) = laid_out(&graph, &LayoutOptions::default(), None);
        let mut other = graph.clone();
        other.nodes.reverse();
        other.edges.reverse();
        for edge in &mut other.edges {
            edge.rate *= 7.0;
            edge.error_percent = Some(3.0);
        }
        assert_eq!(laid_out(&other, &LayoutOptions::default(), None).0, scene);
        assert_eq!(laid_out(&other, &LayoutOptions::default(), Some(&memory)).0.boxes, scene.boxes);
    }
}
