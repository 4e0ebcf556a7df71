//! Lines, followed: every call leads from its caller to what it calls, and no joint can be read in
//! two ways.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use vigla::layout::scene::{Pos, Scene, Side, Wire, WireSet, Zoom};

use crate::generated::{cells, cells_of, config, drawn, graph, options};

type Cell = (i32, i32);

fn wires(scene: &Scene, set: WireSet) -> BTreeSet<usize> {
    scene.wires_of(set).collect()
}

/// The wires that leave each cell on each side.
fn arms(scene: &Scene) -> BTreeMap<Cell, BTreeMap<Side, BTreeSet<usize>>> {
    let mut arms: BTreeMap<Cell, BTreeMap<Side, BTreeSet<usize>>> = BTreeMap::new();
    for run in &scene.runs {
        let (before, after) =
            if run.vertical { (Side::Up, Side::Down) } else { (Side::Left, Side::Right) };
        let carried = wires(scene, run.wires);
        for (x, y) in cells(run.a, run.b) {
            let at = arms.entry((x, y)).or_default();
            if (x, y) != (run.a.x, run.a.y) || run.open_a {
                at.entry(before).or_default().extend(&carried);
            }
            if (x, y) != (run.b.x, run.b.y) || run.open_b {
                at.entry(after).or_default().extend(&carried);
            }
        }
    }
    arms
}

/// Whether two cells touch; between a name without a border and its line there may be a blank.
fn beside(a: Cell, b: Cell, zoom: Zoom) -> bool {
    let blank = i32::from(zoom == Zoom::Pill);
    (a.0 - b.0).abs() + (a.1 - b.1).abs() <= 1 + blank
}

/// The cells of each wire: its runs and its heads.
fn lines(scene: &Scene) -> BTreeMap<usize, BTreeSet<Cell>> {
    let mut lines: BTreeMap<usize, BTreeSet<Cell>> = BTreeMap::new();
    for run in &scene.runs {
        for wire in wires(scene, run.wires) {
            lines.entry(wire).or_default().extend(cells(run.a, run.b));
        }
    }
    for head in &scene.heads {
        for wire in wires(scene, head.wires) {
            lines.entry(wire).or_default().insert((head.pos.x, head.pos.y));
        }
    }
    lines
}

/// What a walk over neighbouring cells reaches.
fn reached(line: &BTreeSet<Cell>, start: Cell) -> BTreeSet<Cell> {
    let mut met = BTreeSet::from([start]);
    let mut stack = vec![start];
    while let Some((x, y)) = stack.pop() {
        for side in Side::ALL {
            let next = Pos { x, y }.step(side);
            let next = (next.x, next.y);
            if line.contains(&next) && met.insert(next) {
                stack.push(next);
            }
        }
    }
    met
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_call_leads_from_its_caller_to_what_it_calls(
        graph in graph(),
        options in options(),
        bands in any::<bool>(),
    ) {
        let (scene, _) = drawn(&graph, &options, bands);
        let lines = lines(&scene);
        for (ix, wire) in scene.wires.iter().enumerate() {
            if wire.is_loop() || wire.omitted {
                prop_assert!(!lines.contains_key(&ix), "a line for what is not drawn");
                continue;
            }
            let Some(line) = lines.get(&ix) else {
                return Err(TestCaseError::fail(format!("wire {ix} has no line")));
            };
            let from: Vec<Cell> = cells_of(scene.boxes[wire.from].area).collect();
            let heads: Vec<_> = scene
                .heads
                .iter()
                .filter(|head| wires(&scene, head.wires).contains(&ix))
                .collect();
            prop_assert_eq!(heads.len(), 1, "one head for wire {}", ix);
            prop_assert_eq!(heads[0].at, wire.to, "a head at another box");
            let start = (heads[0].pos.x, heads[0].pos.y);
            let walked = reached(line, start);
            // Whatever stands apart from the rest is a line that belongs to nothing.
            prop_assert_eq!(walked.len(), line.len(), "wire {} is in pieces", ix);
            // Beside a name the head of a call back may stand in between.
            let back = scene.heads.iter().filter(|head| head.at == wire.from);
            let back = back.map(|head| (head.pos.x, head.pos.y)).filter(|_| !options.zoom.boxed());
            let leaves: Vec<Cell> = from.iter().copied().chain(back).collect();
            let near = |cell: &Cell| leaves.iter().any(|other| beside(*cell, *other, options.zoom));
            prop_assert!(walked.iter().any(near), "wire {} leaves nowhere", ix);
        }
    }

    #[test]
    fn no_joint_can_be_read_in_two_ways(
        graph in graph(),
        options in options(),
        bands in any::<bool>(),
    ) {
        let (scene, _) = drawn(&graph, &options, bands);
        for (cell, arms) in arms(&scene) {
            let all: BTreeSet<usize> = arms.values().flatten().copied().collect();
            if arms.len() == 4 {
                prop_assert_eq!(&arms[&Side::Up], &arms[&Side::Down], "at {:?}", cell);
                prop_assert_eq!(&arms[&Side::Left], &arms[&Side::Right], "at {:?}", cell);
                let crosses = arms[&Side::Up].is_disjoint(&arms[&Side::Left]);
                prop_assert!(crosses, "a line meets itself at {:?}", cell);
            } else {
                let ends = |end: fn(&Wire) -> usize| -> BTreeSet<usize> {
                    all.iter().map(|&wire| end(&scene.wires[wire])).collect()
                };
                let (from, to) = (ends(|wire| wire.from), ends(|wire| wire.to));
                // The one line beside a name carries what it calls and what calls back to it.
                let touches = |node: &usize| {
                    let mut wires = all.iter().map(|&wire| &scene.wires[wire]);
                    wires.all(|wire| wire.from == *node || wire.to == *node)
                };
                let beside = !options.zoom.boxed() && from.iter().chain(&to).any(touches);
                let one = from.len() == 1 || to.len() == 1 || beside;
                prop_assert!(one, "strangers share the joint at {:?}", cell);
            }
            for wire in all {
                let sides = arms.values().filter(|carried| carried.contains(&wire)).count();
                prop_assert_eq!(sides, 2, "wire {} ends or parts at {:?}", wire, cell);
            }
        }
    }
}
