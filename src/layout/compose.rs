//! Putting a component into the scene: its boxes, then its lines.

use std::collections::BTreeMap;

use super::LayoutOptions;
use super::channel::{self, Channel};
use super::name;
use super::order::Neighbours;
use super::proper::Proper;
use super::scene::{
    Area, BoxItem, BoxRow, Head, Joint, LabelSlot, Orientation, Pos, Run, Scene, Side, WireSet,
};
use super::span::{Spans, blank_after, heads_in_border};
use super::view::ViewGraph;
use super::wire::{BETWEEN_ROWS, label_width, row_label, row_width, title, title_in_border};

mod lines;

/// A component whose every place is known, and the scene it is drawn into.
pub(crate) struct Composer<'a> {
    pub(crate) scene: &'a mut Scene,
    pub(crate) view: &'a ViewGraph,
    pub(crate) options: &'a LayoutOptions,
    pub(crate) proper: &'a Proper,
    pub(crate) near: &'a Neighbours,
    pub(crate) place: &'a [i32],
    pub(crate) channels: &'a [Channel],
    pub(crate) spans: &'a Spans,
}

/// How much a scene held before a component was put in: what came after is the component's.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark {
    boxes: usize,
    runs: usize,
    heads: usize,
    joints: usize,
    slots: usize,
}

impl Mark {
    pub(crate) fn of(scene: &Scene) -> Self {
        Self {
            boxes: scene.boxes.len(),
            runs: scene.runs.len(),
            heads: scene.heads.len(),
            joints: scene.joints.len(),
            slots: scene.slots.len(),
        }
    }

    /// The cells that what came after the mark takes.
    pub(crate) fn bounds(&self, scene: &Scene) -> Area {
        let mut corners: Vec<(Pos, Pos)> = Vec::new();
        let last = |area: &Area| Pos { x: area.right() - 1, y: area.bottom() - 1 };
        corners.extend(
            scene.boxes[self.boxes..]
                .iter()
                .map(|item| (Pos { x: item.area.x, y: item.area.y }, last(&item.area))),
        );
        corners.extend(scene.runs[self.runs..].iter().map(|run| (run.a, run.b)));
        corners.extend(scene.slots[self.slots..].iter().map(|slot| {
            (slot.pos, Pos { x: slot.pos.x + i32::from(slot.width) - 1, y: slot.pos.y })
        }));
        let left = corners.iter().map(|(a, _)| a.x).min().unwrap_or(0);
        let top = corners.iter().map(|(a, _)| a.y).min().unwrap_or(0);
        let right = corners.iter().map(|(_, b)| b.x + 1).max().unwrap_or(0);
        let bottom = corners.iter().map(|(_, b)| b.y + 1).max().unwrap_or(0);
        Area::new(left, top, right - left, bottom - top)
    }

    /// Moves what came after the mark.
    pub(crate) fn shift(&self, scene: &mut Scene, by: Pos) {
        let moved = |pos: &mut Pos| {
            pos.x += by.x;
            pos.y += by.y;
        };
        for item in &mut scene.boxes[self.boxes..] {
            item.area.x += by.x;
            item.area.y += by.y;
            for row in &mut item.rows {
                row.area.x += by.x;
                row.area.y += by.y;
            }
        }
        for run in &mut scene.runs[self.runs..] {
            moved(&mut run.a);
            moved(&mut run.b);
        }
        scene.heads[self.heads..].iter_mut().for_each(|head| moved(&mut head.pos));
        scene.joints[self.joints..].iter_mut().for_each(|joint| moved(&mut joint.pos));
        scene.slots[self.slots..].iter_mut().for_each(|slot| moved(&mut slot.pos));
    }
}

impl Composer<'_> {
    /// Draws the component; its first cell is wherever the places say.
    pub(crate) fn compose(mut self) {
        for (&node, &item) in &self.proper.item_of {
            let place = self.place[item];
            let start = self.spans.start[self.proper.items[item].layer];
            let layer = self.proper.items[item].layer;
            let boxed = self.boxed(node, (start, place), layer);
            self.scene.boxes.push(boxed);
        }
        self.lines();
    }

    /// A place on both axes as a cell.
    fn pos(&self, main: i32, cross: i32) -> Pos {
        match self.options.orientation {
            Orientation::LeftRight => Pos { x: main, y: cross },
            Orientation::TopDown => Pos { x: cross, y: main },
        }
    }

    /// The side towards higher ranks.
    fn ahead(&self) -> Side {
        match self.options.orientation {
            Orientation::LeftRight => Side::Right,
            Orientation::TopDown => Side::Down,
        }
    }

    fn boxed(&self, node: usize, (main, cross): (i32, i32), layer: usize) -> BoxItem {
        let shape = &self.proper.shapes[&node];
        let view = &self.view.nodes[node];
        let at = self.pos(main, cross + shape.body.0);
        let (width, height) = match self.options.orientation {
            Orientation::LeftRight => (shape.length, shape.body.1),
            Orientation::TopDown => (shape.body.1, shape.length),
        };
        let area = Area::new(at.x, at.y, width, height);
        BoxItem {
            key: view.key.clone(),
            title: title(view, self.options),
            area,
            rows: row_areas(view, area, self.options),
            rank: u16::try_from(layer).unwrap_or(u16::MAX),
            self_wires: Vec::new(),
            band: view.band,
        }
    }
}

/// Where the rows of a box have their texts.
pub(crate) fn row_areas(
    view: &super::view::ViewNode,
    area: Area,
    options: &LayoutOptions,
) -> Vec<BoxRow> {
    let count = view.rows.len();
    let beside = i32::from(name::cells(&title(view, options)) + BETWEEN_ROWS);
    let before = if title_in_border(options.orientation) { 0 } else { beside };
    let mut x = area.x + 2 + before;
    let mut y = area.y + 1;
    view.rows
        .iter()
        .map(|row| {
            let label = row_label(&row.label, options, count);
            let inner = (area.width - 4 - before).max(0);
            let at = match (options.zoom.boxed(), options.orientation) {
                (false, _) => area,
                (true, Orientation::LeftRight) => {
                    y += 1;
                    Area::new(x, y - 1, inner, 1)
                }
                (true, Orientation::TopDown) if count == 1 => Area::new(x, y, inner, 1),
                (true, Orientation::TopDown) => {
                    let width = i32::from(row_width(&label, options, count));
                    x += width + i32::from(BETWEEN_ROWS);
                    Area::new(x - width - i32::from(BETWEEN_ROWS), y, width, 1)
                }
            };
            BoxRow { key: row.key.clone(), label, area: at }
        })
        .collect()
}
