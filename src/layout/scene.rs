//! What a layout answers: boxes, runs, arrowheads and label slots on integer cells.
//!
//! A scene knows no rate, no health and no colour: those are the style table's, and come in when
//! it is painted. So a refresh of metrics never needs a new scene.

use std::sync::Arc;

use serde::Deserialize;

use crate::mesh::graph::{NodeId, Protocol};

/// A cell. `x` grows to the right, `y` downwards; a scene begins at 0,0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Pos {
    pub x: i32,
    pub y: i32,
}

/// A rectangle of cells, its right and bottom edge excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Area {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Area {
    pub fn new(x: i32, y: i32, width: i32, height: i32) -> Self {
        Self { x, y, width, height }
    }

    pub fn right(&self) -> i32 {
        self.x + self.width
    }

    pub fn bottom(&self) -> i32 {
        self.y + self.height
    }

    pub fn contains(&self, pos: Pos) -> bool {
        (self.x..self.right()).contains(&pos.x) && (self.y..self.bottom()).contains(&pos.y)
    }

    pub fn intersects(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }
}

/// A side of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    Up,
    Right,
    Down,
    Left,
}

impl Side {
    pub const ALL: [Self; 4] = [Self::Up, Self::Right, Self::Down, Self::Left];

    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Right => Self::Left,
            Self::Down => Self::Up,
            Self::Left => Self::Right,
        }
    }
}

impl Pos {
    /// The next cell on a side.
    #[must_use]
    pub fn step(self, side: Side) -> Self {
        match side {
            Side::Up => Self { y: self.y - 1, ..self },
            Side::Right => Self { x: self.x + 1, ..self },
            Side::Down => Self { y: self.y + 1, ..self },
            Side::Left => Self { x: self.x - 1, ..self },
        }
    }
}

/// Which way calls run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Deserialize)]
pub enum Orientation {
    #[default]
    #[serde(rename = "lr")]
    LeftRight,
    #[serde(rename = "td")]
    TopDown,
}

/// How much of a node is drawn, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Zoom {
    /// One cell.
    Dots,
    /// Glyph and name on one row.
    Pill,
    /// A box with one row for each version and one figure.
    #[default]
    Box,
    /// A box with bars, rates, latency and errors, and long edge labels.
    Detail,
}

impl Zoom {
    /// One step nearer; the nearest stays.
    #[must_use]
    pub fn nearer(self) -> Self {
        match self {
            Self::Dots => Self::Pill,
            Self::Pill => Self::Box,
            Self::Box | Self::Detail => Self::Detail,
        }
    }

    /// One step away; the farthest stays.
    #[must_use]
    pub fn farther(self) -> Self {
        match self {
            Self::Detail => Self::Box,
            Self::Box => Self::Pill,
            Self::Pill | Self::Dots => Self::Dots,
        }
    }

    /// Whether nodes are drawn with a border.
    pub fn boxed(self) -> bool {
        matches!(self, Self::Box | Self::Detail)
    }
}

/// What edges are labelled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelMode {
    #[default]
    Rate,
    Share,
    Errors,
    P50,
    P95,
    P99,
    /// Bytes of requests and responses together, a second.
    Throughput,
    None,
}

impl LabelMode {
    /// Every mode, in the order in which one key goes through them.
    pub const ALL: [Self; 8] = [
        Self::Rate,
        Self::Share,
        Self::Errors,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::Throughput,
        Self::None,
    ];

    /// The mode with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// The next mode, as one key cycles through them.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Rate => Self::Share,
            Self::Share => Self::Errors,
            Self::Errors => Self::P50,
            Self::P50 => Self::P95,
            Self::P95 => Self::P99,
            Self::P99 => Self::Throughput,
            Self::Throughput => Self::None,
            Self::None => Self::Rate,
        }
    }

    /// As the status line, flags and the configuration name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Share => "share",
            Self::Errors => "errors",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Throughput => "throughput",
            Self::None => "none",
        }
    }
}

/// Identity of an edge of the view: the row that calls, the box that is called, the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeKey {
    pub from: NodeId,
    pub to: NodeId,
    pub protocol: Protocol,
}

/// A drawn line: one edge of the view, or at low zoom all edges between two boxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    pub edges: Vec<EdgeKey>,
    /// Indices into [`Scene::boxes`].
    pub from: usize,
    pub to: usize,
    pub from_row: usize,
    /// Drawn against the direction of the ranks: a call back to a caller.
    pub back: bool,
    /// Not drawn, because the scene would grow beyond its bounds; it is told on selection.
    pub omitted: bool,
}

/// A range of [`Scene::pool`]: which wires lie on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WireSet {
    pub from: u32,
    pub until: u32,
}

/// A straight line of cells, both ends included; `a` is not after `b` on either axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub a: Pos,
    pub b: Pos,
    pub wires: WireSet,
    pub back: bool,
    /// Runs up and down; told because one cell alone has no direction.
    pub vertical: bool,
    /// Whether the end goes on into the cell beyond: a border, a head or another run.
    pub open_a: bool,
    pub open_b: bool,
}

/// An arrowhead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub pos: Pos,
    /// Where it points.
    pub to: Side,
    pub wires: WireSet,
    /// Index of the box it points at.
    pub at: usize,
}

/// Where a wire leaves or enters the border of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joint {
    /// A cell of the border.
    pub pos: Pos,
    /// The side on which the line goes on.
    pub side: Side,
    pub wires: WireSet,
    pub back: bool,
}

/// Cells reserved for a label; nothing else is drawn in them but the run beneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelSlot {
    pub pos: Pos,
    pub width: u16,
    pub wires: WireSet,
    /// Text ends at the slot's end, against the head, rather than starting at its beginning.
    pub right_aligned: bool,
    /// Several sources share the line: the label is their sum.
    pub sum: bool,
}

/// One version (or the only one) inside a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxRow {
    pub key: NodeId,
    pub label: String,
    /// Where its text is.
    pub area: Area,
}

/// A drawn node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxItem {
    pub key: NodeId,
    /// As it is shown, cut to its cells.
    pub title: String,
    /// Border included; for a pill its text.
    pub area: Area,
    pub rows: Vec<BoxRow>,
    pub rank: u16,
    /// Wires from the box to itself.
    pub self_wires: Vec<usize>,
    pub band: Option<usize>,
}

/// A namespace's stretch of the cross axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BandArea {
    pub name: Arc<str>,
    pub area: Area,
}

/// Counts that tests and the offer to tidy look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Crossings of lines between neighbouring layers, as drawn.
    pub crossings: u64,
    /// The same if every call had a line of its own: pairs of calls that cross.
    pub crossing_calls: u64,
    /// Steps of every bounded loop.
    pub steps: u64,
    pub doglegs: u32,
    pub dummies: u32,
}

/// A laid-out graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scene {
    /// By key.
    pub boxes: Vec<BoxItem>,
    pub wires: Vec<Wire>,
    pub runs: Vec<Run>,
    pub heads: Vec<Head>,
    pub joints: Vec<Joint>,
    pub slots: Vec<LabelSlot>,
    pub bands: Vec<BandArea>,
    /// Indices into `wires`, cut into [`WireSet`]s.
    pub pool: Vec<u32>,
    pub width: i32,
    pub height: i32,
    pub orientation: Orientation,
    pub zoom: Zoom,
    pub labels: LabelMode,
    /// Of the view it was made from.
    pub signature: u64,
    pub stats: Stats,
}

impl Scene {
    /// The wires of a set.
    pub fn wires_of(&self, set: WireSet) -> impl Iterator<Item = usize> + '_ {
        let range = set.from as usize..set.until as usize;
        self.pool.get(range).unwrap_or_default().iter().map(|&wire| wire as usize)
    }

    /// The box with this key, or the box that has a row with it.
    pub fn box_of(&self, key: &str) -> Option<usize> {
        self.boxes.binary_search_by(|item| (*item.key).cmp(key)).ok().or_else(|| {
            self.boxes.iter().position(|item| item.rows.iter().any(|row| &*row.key == key))
        })
    }
}
