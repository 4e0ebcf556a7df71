//! The user's side of the drawn graph: what is selected, and which of its forms is shown.

use super::list::Data;
use super::model::Model;
use super::picture::Drawn;
use super::screen::{Place, Screen};
use crate::layout::navigate;
use crate::layout::scene::{BoxItem, Orientation, Side};
use crate::layout::selection::{Selection, Target};
use crate::mesh::graph::NodeId;

/// In fewer columns the graph is a call tree.
pub const LEAST_COLUMNS: u16 = 60;

/// How many nodes are remembered to come back the same way.
const VISITED: usize = 32;

/// Rows of the screen that belong to the frame.
const FRAME_ROWS: u16 = 3;

/// Where the user is in the drawn graph.
#[derive(Debug, Clone, Default)]
pub struct Drawing {
    /// The user wants the call tree.
    pub tree: bool,
    /// A box or one of its rows, by its key: it stays selected wherever it is drawn.
    selected: Option<NodeId>,
    /// Boxes gone through, the last one last.
    visited: Vec<NodeId>,
}

impl Drawing {
    /// The key of what is selected.
    pub fn selected(&self) -> Option<&NodeId> {
        self.selected.as_ref()
    }

    /// Selects a box or a row.
    pub fn select(&mut self, key: NodeId) {
        if self.visited.len() == VISITED {
            self.visited.remove(0);
        }
        self.visited.push(key.clone());
        self.selected = Some(key);
    }

    /// Selects the first node if what was selected is not there any more.
    pub fn renew(&mut self, drawn: &Drawn) {
        let there = |key: &NodeId| drawn.scene.box_of(key).is_some();
        if !self.selected.as_ref().is_some_and(there) {
            self.visited.clear();
            self.selected = navigate::first(&drawn.scene).cloned();
        }
    }

    /// One step to a side: along the calls, to the next box, or to the next version in a box.
    /// Whether there was something to go to.
    pub fn step(&mut self, drawn: &Drawn, side: Side) -> bool {
        let Some(from) = self.selected.clone() else { return false };
        let within = boxed(drawn, &from).and_then(|item| self.within(drawn, item, side));
        let next = within.or_else(|| navigate::navigate(&drawn.scene, &from, side, &self.visited));
        match next {
            Some(key) => {
                self.select(key);
                true
            }
            None => false,
        }
    }

    /// The next row of a box that has several, where rows can be seen.
    fn within(&self, drawn: &Drawn, item: &BoxItem, side: Side) -> Option<NodeId> {
        if item.rows.len() < 2 || !drawn.scene.zoom.boxed() {
            return None;
        }
        let at = item.rows.iter().position(|row| Some(&row.key) == self.selected.as_ref());
        let row = |at: usize| item.rows.get(at).map(|row| row.key.clone());
        // Versions stand across the calls: below each other, or side by side.
        let (forward, back) = match drawn.scene.orientation {
            Orientation::LeftRight => (Side::Down, Side::Up),
            Orientation::TopDown => (Side::Right, Side::Left),
        };
        match at {
            None if side == forward => row(0),
            Some(at) if side == forward => row(at + 1),
            Some(0) if side == back => Some(item.key.clone()),
            Some(at) if side == back => row(at - 1),
            _ => None,
        }
    }

    /// To the first or the last node.
    pub fn end(&mut self, drawn: &Drawn, last: bool) {
        let order = navigate::in_order(&drawn.scene);
        if let Some(key) = if last { order.last() } else { order.first() } {
            self.select((*key).clone());
        }
    }

    /// What the drawing sets off.
    pub fn selection(&self, drawn: &Drawn, filter: &str) -> Selection {
        Selection {
            at: self.selected.clone().map(Target::Node),
            path: false,
            found: drawn.found(filter),
        }
    }
}

/// The box with this key or with a row that has it.
pub fn boxed<'a>(drawn: &'a Drawn, key: &str) -> Option<&'a BoxItem> {
    drawn.scene.box_of(key).and_then(|at| drawn.scene.boxes.get(at))
}

impl Model {
    /// The drawn graph, where it is what is shown.
    pub fn drawn(&self) -> Option<&Drawn> {
        let here = *self.way.place() == Place::Screen(Screen::Graph);
        let wide = self.size.0 >= LEAST_COLUMNS && self.size.1 > FRAME_ROWS;
        let drawn = &self.picture.as_ref()?.drawn;
        let loaded = matches!(self.table()?.data, Data::Loaded(_));
        (loaded && here && wide && !self.drawing.tree && !drawn.scene.boxes.is_empty())
            .then_some(drawn)
    }

    /// The columns and rows there are for a drawing.
    pub(super) fn window(&self) -> (u16, u16) {
        (self.size.0.saturating_sub(2), self.size.1.saturating_sub(FRAME_ROWS))
    }
}
