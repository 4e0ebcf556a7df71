//! The shape of a node on the two axes of a layout: how long it is along the ranks, how broad
//! across them, and where on its sides lines leave and enter.
//!
//! The layout itself knows only a *main* axis (along the calls) and a *cross* axis; which of them
//! is x and which is y is decided here and when the scene is put together.

use super::LayoutOptions;
use super::name;
use super::scene::Orientation;
use super::view::ViewNode;
use super::wire::{BETWEEN_ROWS, base_size, label_width, row_label, row_width, title};

/// A node's extent and the places of its ports, relative to its first cell on the cross axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Cells along the main axis.
    pub(crate) length: i32,
    /// Cells along the cross axis, ports and their labels included.
    pub(crate) breadth: i32,
    /// Where the drawn box or text begins on the cross axis, and how many cells it takes there.
    pub(crate) body: (i32, i32),
    /// The single place where lines reach the node, when it has no border to take several.
    pub(crate) main: Option<i32>,
    /// Places of the rows' own out-ports.
    pub(crate) rows: Vec<i32>,
    /// Places of further out-ports.
    pub(crate) extras: Vec<i32>,
    /// Places of in-ports.
    pub(crate) ins: Vec<i32>,
}

/// How many ports a node needs besides those of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ports {
    pub(crate) ins: usize,
    pub(crate) extras: usize,
}

fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 4)
}

/// The shape of a node with these ports.
pub(crate) fn of(
    node: &ViewNode,
    options: &LayoutOptions,
    ports: Ports,
    calls_itself: bool,
    tcp: bool,
) -> Shape {
    let (width, height) = base_size(node, options, calls_itself);
    let label = i32::from(label_width(options, tcp));
    match (options.orientation, options.zoom.boxed()) {
        (Orientation::LeftRight, true) => across_box(width, height, node.rows.len(), ports),
        (Orientation::LeftRight, false) => across_pill(width, ports),
        (Orientation::TopDown, true) => {
            let rows = row_columns(node, options);
            down_box((width, height), &rows, ports, label)
        }
        (Orientation::TopDown, false) => down_pill(width, ports, label),
    }
}

/// A box whose lines enter at the left and leave at the right, each on a row of its own.
fn across_box(width: i32, height: i32, rows: usize, ports: Ports) -> Shape {
    let lines = (height - 2).max(int(ports.ins)).max(int(rows + ports.extras));
    let first_in = 1 + (lines - int(ports.ins)) / 2;
    Shape {
        length: width,
        breadth: lines + 2,
        body: (0, lines + 2),
        main: None,
        rows: (0..int(rows)).map(|row| 1 + row).collect(),
        extras: (0..int(ports.extras)).map(|extra| 1 + int(rows) + extra).collect(),
        ins: (0..int(ports.ins)).map(|port| first_in + port).collect(),
    }
}

/// A name on one row; lines beyond the first are gathered beside it, from below: were it from both
/// sides, their joint would have four arms as a crossing has.
fn across_pill(width: i32, ports: Ports) -> Shape {
    Shape {
        length: width,
        breadth: int(ports.ins).max(1 + int(ports.extras)),
        body: (0, 1),
        main: Some(0),
        rows: vec![0],
        extras: (0..int(ports.extras)).map(|extra| 1 + extra).collect(),
        ins: (0..int(ports.ins)).collect(),
    }
}

/// Columns of the rows' out-ports in a box whose rows lie side by side.
fn row_columns(node: &ViewNode, options: &LayoutOptions) -> Vec<i32> {
    let count = node.rows.len();
    let mut at = 2 + i32::from(name::cells(&title(node, options)) + BETWEEN_ROWS);
    node.rows
        .iter()
        .map(|row| {
            let width = row_width(&row_label(&row.label, options, count), options, count);
            let centre = at + i32::from(width) / 2;
            at += i32::from(width + BETWEEN_ROWS);
            centre
        })
        .collect()
}

/// Cells between two neighbouring in-ports of a drawing from the top down: the label of the first
/// stands between them.
fn pitch(label: i32) -> i32 {
    if label > 0 { label + 3 } else { 2 }
}

/// Places of in-ports from the top, and how broad they make the node. The label of each port
/// stands to the right of its line and belongs to the node's breadth.
fn from_above(breadth: i32, ports: usize, label: i32) -> (i32, Vec<i32>) {
    if ports == 0 {
        return (breadth, Vec::new());
    }
    let between = pitch(label) * (int(ports) - 1);
    let tail = if label > 0 { label + 2 } else { 1 };
    let breadth = breadth.max(between + tail + 2);
    let first = ((breadth - between - 1) / 2).min(breadth - between - tail).max(1);
    (breadth, (0..int(ports)).map(|port| first + pitch(label) * port).collect())
}

/// A box whose lines enter at the top and leave at the bottom.
fn down_box((width, height): (i32, i32), rows: &[i32], ports: Ports, label: i32) -> Shape {
    let single = rows.len() == 1 && ports.extras == 0;
    let last_row = rows.last().copied().unwrap_or(1);
    let width = width.max(last_row + 2 * int(ports.extras) + 2);
    let (breadth, ins) = from_above(width, ports.ins, label);
    let rows = if single { vec![(breadth - 1) / 2] } else { rows.to_vec() };
    Shape {
        length: height,
        breadth,
        body: (0, breadth),
        main: None,
        extras: (1..=int(ports.extras)).map(|extra| last_row + 2 * extra).collect(),
        rows,
        ins,
    }
}

/// A name below its lines, which are gathered from the right.
fn down_pill(width: i32, ports: Ports, label: i32) -> Shape {
    let (breadth, ins) = from_above(width, ports.ins, label);
    let main = ins.first().copied().unwrap_or((width - 1) / 2);
    let start = (main - width / 2).clamp(0, (breadth - width).max(0));
    let breadth = breadth.max(main + 2 * int(ports.extras) + 1);
    Shape {
        length: 1,
        breadth,
        body: (start, width),
        main: Some(main),
        rows: vec![main],
        extras: (1..=int(ports.extras)).map(|extra| main + 2 * extra).collect(),
        ins,
    }
}
