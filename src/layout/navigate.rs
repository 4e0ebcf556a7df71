//! Moving through a drawing: from node to node along calls and by place, and what lies at a cell.

use crate::mesh::graph::NodeId;

use super::scene::{Area, BoxItem, Orientation, Pos, Scene, Side};
use super::selection::Target;

/// The node in a direction of another, as arrow keys go.
///
/// Along the calls: a callee or a caller whose place is nearest; across them: the next box of the
/// same layer. Where neither is: along the calls the nearest node whose centre lies on that side;
/// across them the next layer's first or last one, so that every node is reached from every other. `visited` are
/// nodes in the order of visiting, the last one last: of several callees or callers the one visited
/// last is gone to, so that going there and back returns. None at the end of the drawing.
pub fn navigate(
    scene: &Scene,
    selected: &str,
    direction: Side,
    visited: &[NodeId],
) -> Option<NodeId> {
    let from = scene.box_of(selected)?;
    let along = matches!(
        (scene.orientation, direction),
        (Orientation::LeftRight, Side::Left | Side::Right)
            | (Orientation::TopDown, Side::Up | Side::Down)
    );
    let to = if along {
        neighbour(scene, from, direction, visited).or_else(|| toward(scene, from, direction))
    } else {
        across(scene, from, direction)
    };
    to.map(|to| scene.boxes[to].key.clone())
}

/// The first node: the one with the least rank, nearest to the beginning.
pub fn first(scene: &Scene) -> Option<&NodeId> {
    let at = |item: &&BoxItem| (item.rank, item.area.y, item.area.x);
    scene.boxes.iter().min_by_key(at).map(|item| &item.key)
}

/// All nodes in reading order: by rank, then by place.
pub fn in_order(scene: &Scene) -> Vec<&NodeId> {
    let mut items: Vec<&BoxItem> = scene.boxes.iter().collect();
    items.sort_by_key(|item| (item.rank, item.area.y, item.area.x));
    items.into_iter().map(|item| &item.key).collect()
}

/// The edges of a node: those that leave it, then those that arrive, each by place.
pub fn edges_of(scene: &Scene, node: &str) -> Vec<Target> {
    let Some(at) = scene.box_of(node) else { return Vec::new() };
    let mut wires: Vec<_> = scene
        .wires
        .iter()
        .filter(|wire| wire.from == at || wire.to == at)
        .map(|wire| {
            let arrives = wire.from != at;
            let other = if arrives { wire.from } else { wire.to };
            let area = scene.boxes[other].area;
            ((arrives, area.y, area.x), wire)
        })
        .collect();
    wires.sort_by_key(|(place, _)| *place);
    wires.into_iter().flat_map(|(_, wire)| wire.edges.iter().cloned()).map(Target::Edge).collect()
}

/// What is drawn at a cell of the scene: a row, a box, or a line.
pub fn hit(scene: &Scene, pos: Pos) -> Option<Target> {
    if let Some(item) = scene.boxes.iter().find(|item| item.area.contains(pos)) {
        let row =
            item.rows.iter().filter(|_| item.rows.len() > 1).find(|row| row.area.contains(pos));
        return Some(Target::Node(row.map_or(&item.key, |row| &row.key).clone()));
    }
    let on_slot = scene
        .slots
        .iter()
        .find(|slot| Area::new(slot.pos.x, slot.pos.y, i32::from(slot.width), 1).contains(pos));
    let on_head = scene.heads.iter().find(|head| head.pos == pos).map(|head| head.wires);
    let on_run = scene
        .runs
        .iter()
        .find(|run| (run.a.x..=run.b.x).contains(&pos.x) && (run.a.y..=run.b.y).contains(&pos.y));
    let wires =
        on_slot.map(|slot| slot.wires).or(on_head).or_else(|| on_run.map(|run| run.wires))?;
    let wire = scene.wires_of(wires).next().and_then(|wire| scene.wires.get(wire))?;
    wire.edges.first().cloned().map(Target::Edge)
}

/// The window of a size that shows a place in its middle, kept within the scene.
pub fn window_around(scene: &Scene, centre: Pos, width: i32, height: i32) -> Area {
    let fit = |centre: i32, size: i32, whole: i32| (centre - size / 2).min(whole - size).max(0);
    Area::new(fit(centre.x, width, scene.width), fit(centre.y, height, scene.height), width, height)
}

/// The window moved by as little as shows an area whole, or its beginning.
pub fn window_with(window: Area, area: Area) -> Area {
    let fit = |at: i32, size: i32, from: i32, until: i32| {
        if from < at || until - from > size { from } else { at.max(until - size) }
    };
    Area {
        x: fit(window.x, window.width, area.x, area.right()),
        y: fit(window.y, window.height, area.y, area.bottom()),
        ..window
    }
}

fn centre(area: Area) -> Pos {
    Pos { x: area.x + area.width / 2, y: area.y + area.height / 2 }
}

/// A callee or caller on that side.
fn neighbour(scene: &Scene, from: usize, direction: Side, visited: &[NodeId]) -> Option<usize> {
    let rank = scene.boxes[from].rank;
    let ahead = matches!(direction, Side::Right | Side::Down);
    let here = centre(scene.boxes[from].area);
    scene
        .wires
        .iter()
        .filter(|wire| !wire.is_loop())
        .filter_map(|wire| match (wire.from == from, wire.to == from) {
            (true, _) => Some(wire.to),
            (_, true) => Some(wire.from),
            _ => None,
        })
        .filter(|&other| {
            let other = scene.boxes[other].rank;
            if ahead { other > rank } else { other < rank }
        })
        .min_by_key(|&other| {
            let last = visited.iter().rposition(|key| *key == scene.boxes[other].key);
            let there = centre(scene.boxes[other].area);
            let away = (there.x - here.x).abs() + 2 * (there.y - here.y).abs();
            (std::cmp::Reverse(last), away, other)
        })
}

/// The next box of the same layer; past its end the next layer's first, or the last of the one
/// before: one order of all boxes.
fn across(scene: &Scene, from: usize, direction: Side) -> Option<usize> {
    let place = |ix: usize| {
        let item = &scene.boxes[ix];
        let centre = centre(item.area);
        let along_layer = match scene.orientation {
            Orientation::LeftRight => centre.y,
            Orientation::TopDown => centre.x,
        };
        (item.rank, along_layer, ix)
    };
    let here = place(from);
    let others = (0..scene.boxes.len()).map(place);
    let found = match direction {
        Side::Right | Side::Down => others.filter(|other| *other > here).min(),
        Side::Left | Side::Up => others.filter(|other| *other < here).max(),
    };
    found.map(|(_, _, ix)| ix)
}

/// The nearest box whose centre lies on that side, a step sideways counting twice.
fn toward(scene: &Scene, from: usize, direction: Side) -> Option<usize> {
    let here = centre(scene.boxes[from].area);
    scene
        .boxes
        .iter()
        .enumerate()
        .filter_map(|(ix, other)| {
            let there = centre(other.area);
            let (right, down) = (there.x - here.x, there.y - here.y);
            let (ahead, aside) = match direction {
                Side::Up => (-down, right.abs()),
                Side::Down => (down, right.abs()),
                Side::Left => (-right, down.abs()),
                Side::Right => (right, down.abs()),
            };
            (ahead > 0).then_some((ahead + 2 * aside, ix))
        })
        .min()
        .map(|(_, ix)| ix)
}
