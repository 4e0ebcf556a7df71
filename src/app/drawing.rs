//! The user's side of the graph: in which form it is shown, and what is selected in it.

use super::list::Data;
use super::model::Model;
use super::picture::{Drawn, Matrix};
use super::screen::{Call, Place, Screen};
use crate::layout::navigate;
use crate::layout::scene::{BoxItem, EdgeKey, LabelMode, Orientation, Pos, Side};
use crate::layout::selection::{Selection, Target};
use crate::mesh::graph::NodeId;

/// In fewer columns the graph is a call tree.
pub const LEAST_COLUMNS: u16 = 60;

/// From this many columns on, what is known of the selection stands beside the graph.
pub const WIDE_COLUMNS: u16 = 120;

/// Columns of the details, beside the graph.
pub const PANEL_COLUMNS: u16 = 42;

/// Rows of the details, below the graph.
pub const PANEL_ROWS: u16 = 8;

/// In fewer rows there is no room for the details below the graph.
const LEAST_ROWS: u16 = 20;

/// How many nodes are remembered to come back the same way.
const VISITED: usize = 32;

/// Rows of the screen that belong to the frame.
const FRAME_ROWS: u16 = 3;

/// How the graph is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    #[default]
    Drawn,
    Tree,
    Matrix,
}

impl Form {
    /// The next one, as one key goes through them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Drawn => Self::Tree,
            Self::Tree => Self::Matrix,
            Self::Matrix => Self::Drawn,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Drawn => "drawn",
            Self::Tree => "tree",
            Self::Matrix => "matrix",
        }
    }
}

/// Where the details of the selection stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    Beside,
    Below,
}

/// What the details speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A node, or a box with all its versions.
    Node(NodeId),
    Call(Call),
}

impl From<Subject> for Place {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Node(key) => Self::Node(key),
            Subject::Call(call) => Self::Call(call),
        }
    }
}

/// Where the user is in the graph.
#[derive(Debug, Clone, Default)]
pub struct Drawing {
    pub form: Form,
    /// What leads to the selection and from it is set off.
    pub path: bool,
    /// Whether the user wants the details; unsaid, they are shown where there is room.
    pub panel: Option<bool>,
    /// Traffic moves along the busiest calls, and how often it has moved.
    pub flow: Option<u32>,
    /// Cells by which the window was moved over the drawing, all in all.
    pub panned: Pos,
    /// The window stays where it was moved to, until something else is selected.
    pub loose: bool,
    /// A box or one of its rows, by its key: it stays selected wherever it is drawn.
    selected: Option<NodeId>,
    /// A call from or to what is selected, when calls are walked through.
    edge: Option<EdgeKey>,
    /// Boxes gone through, the last one last.
    visited: Vec<NodeId>,
    /// The place in the matrix: who calls, who is called.
    pub(super) cell: Option<(NodeId, NodeId)>,
}

impl Drawing {
    /// The key of the selected node, or of the one whose calls are walked through.
    pub fn selected(&self) -> Option<&NodeId> {
        self.selected.as_ref()
    }

    /// The selected call, when calls are walked through.
    pub fn edge(&self) -> Option<&EdgeKey> {
        self.edge.as_ref()
    }

    /// The place in the matrix, once the user has gone somewhere.
    pub fn cell(&self) -> Option<&(NodeId, NodeId)> {
        self.cell.as_ref()
    }

    /// Selects a box or a row.
    pub fn select(&mut self, key: NodeId) {
        if self.visited.len() == VISITED {
            self.visited.remove(0);
        }
        self.visited.push(key.clone());
        self.selected = Some(key);
        self.edge = None;
        self.loose = false;
    }

    /// Selects a call; where it neither leaves nor reaches the selected node, its caller too.
    pub fn select_edge(&mut self, drawn: &Drawn, edge: EdgeKey) {
        if !self.edges(drawn).contains(&edge) {
            self.select(edge.from.clone());
        }
        self.edge = Some(edge);
        self.loose = false;
    }

    /// Selects the first node if what was selected is not there any more.
    pub fn renew(&mut self, drawn: &Drawn) {
        let there = |key: &NodeId| drawn.scene.box_of(key).is_some();
        if !self.selected.as_ref().is_some_and(there) {
            self.visited.clear();
            self.selected = navigate::first(&drawn.scene).cloned();
        }
        let there = |edge: &EdgeKey| drawn.scene.wires.iter().any(|w| w.edges.contains(edge));
        if !self.edge.as_ref().is_some_and(there) {
            self.edge = None;
        }
    }

    /// From the selected node to the first of its calls, or from a call back to the node.
    /// Whether there was one.
    pub fn turn(&mut self, drawn: &Drawn) -> bool {
        let first = self.edges(drawn).into_iter().next();
        self.edge = if self.edge.is_some() { None } else { first };
        self.loose = false;
        self.edge.is_some()
    }

    /// The calls of what is selected, those that leave it first; of a version only its own.
    fn edges(&self, drawn: &Drawn) -> Vec<EdgeKey> {
        let Some(key) = &self.selected else { return Vec::new() };
        let item = boxed(drawn, key);
        let version = item.is_some_and(|item| item.key != *key && item.rows.len() > 1);
        let box_key = item.map(|item| &item.key);
        let edges = navigate::edges_of(&drawn.scene, key).into_iter();
        let keys = edges.filter_map(|target| match target {
            Target::Edge(edge) => Some(edge),
            Target::Node(_) => None,
        });
        keys.filter(|edge| !version || edge.from == *key || Some(&edge.to) == box_key).collect()
    }

    /// One step to a side: along the calls, to the next box, or to the next version in a box;
    /// on a call to one of its ends, or to the next one of the same node.
    /// Whether there was something to go to.
    pub fn step(&mut self, drawn: &Drawn, side: Side) -> bool {
        if let Some(edge) = self.edge.clone() {
            return self.step_from_edge(drawn, edge, side);
        }
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

    fn step_from_edge(&mut self, drawn: &Drawn, edge: EdgeKey, side: Side) -> bool {
        let (forward, back) = along(drawn.scene.orientation);
        if side == forward || side == back {
            self.select(if side == forward { edge.to } else { edge.from });
            return true;
        }
        let edges = self.edges(drawn);
        let Some(at) = edges.iter().position(|other| *other == edge) else { return false };
        let next = match side {
            Side::Down | Side::Right => at + 1,
            Side::Up | Side::Left => at + edges.len() - 1,
        } % edges.len();
        self.edge = edges.get(next).cloned();
        self.loose = false;
        edges.len() > 1
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

    /// Moves the window over the drawing.
    pub fn pan(&mut self, columns: i32, rows: i32) {
        self.panned.x = self.panned.x.saturating_add(columns);
        self.panned.y = self.panned.y.saturating_add(rows);
        self.loose = true;
    }

    /// What the drawing sets off.
    pub fn selection(&self, drawn: &Drawn, filter: &str) -> Selection {
        let edge = self.edge.clone().map(Target::Edge);
        Selection {
            at: edge.or_else(|| self.selected.clone().map(Target::Node)),
            path: self.path,
            found: drawn.found(filter),
        }
    }
}

/// The sides towards the called and towards the caller.
fn along(orientation: Orientation) -> (Side, Side) {
    match orientation {
        Orientation::LeftRight => (Side::Right, Side::Left),
        Orientation::TopDown => (Side::Down, Side::Up),
    }
}

/// The box with this key or with a row that has it.
pub fn boxed<'a>(drawn: &'a Drawn, key: &str) -> Option<&'a BoxItem> {
    drawn.scene.box_of(key).and_then(|at| drawn.scene.boxes.get(at))
}

impl Model {
    /// The drawn graph, where it is what is shown.
    pub fn drawn(&self) -> Option<&Drawn> {
        let drawn = &self.picture.as_ref()?.drawn;
        (self.shows(Form::Drawn) && !drawn.scene.boxes.is_empty()).then_some(drawn)
    }

    /// The matrix, where it is what is shown.
    pub fn matrix(&self) -> Option<&Matrix> {
        let matrix = &self.picture.as_ref()?.matrix;
        (self.shows(Form::Matrix) && !matrix.boxes.is_empty()).then_some(matrix)
    }

    /// Whether the graph is shown, and in this form.
    fn shows(&self, form: Form) -> bool {
        let here = *self.way.place() == Place::Screen(Screen::Graph);
        let room = self.size.0 >= LEAST_COLUMNS && self.size.1 > FRAME_ROWS;
        let loaded = self.table().is_some_and(|table| matches!(table.data, Data::Loaded(_)));
        here && room && loaded && self.drawing.form == form
    }

    /// What is selected in the drawn graph or the matrix.
    pub fn subject(&self) -> Option<Subject> {
        if let Some(matrix) = self.matrix() {
            return matrix.subject(self.drawing.cell.as_ref());
        }
        self.drawn()?;
        let edge = self.drawing.edge().map(|edge| Subject::Call(edge.into()));
        edge.or_else(|| self.drawing.selected().cloned().map(Subject::Node))
    }

    /// Where the details of the selection stand, if they are shown.
    pub fn panel(&self) -> Option<Panel> {
        let wide = self.size.0 >= WIDE_COLUMNS;
        let tall = self.size.1 >= LEAST_ROWS;
        let wanted = self.drawing.panel.unwrap_or(wide);
        match (wanted, wide, tall) {
            (true, true, _) => Some(Panel::Beside),
            (true, false, true) => Some(Panel::Below),
            _ => None,
        }
    }

    /// Whether the bytes of requests and responses have a place on the screen: beside the calls,
    /// or in the details of what is selected.
    pub(super) fn shows_throughput(&self) -> bool {
        let drawn = self.shows(Form::Drawn);
        let labelled = drawn && self.wanted.drawn.labels == LabelMode::Throughput;
        let beside = (drawn || self.shows(Form::Matrix)) && self.panel().is_some();
        labelled || beside || matches!(self.way.place(), Place::Node(_) | Place::Call(_))
    }

    /// The columns and rows there are for a drawing. The place of the details is left free even
    /// while they are not shown, so that showing them moves nothing.
    pub(super) fn window(&self) -> (u16, u16) {
        let beside = if self.size.0 >= WIDE_COLUMNS { PANEL_COLUMNS } else { 0 };
        (self.size.0.saturating_sub(2 + beside), self.size.1.saturating_sub(FRAME_ROWS))
    }
}
