//! Sizes of boxes, and the wires between them: which edges one drawn line stands for.

use std::collections::BTreeMap;

use super::LayoutOptions;
use super::figure::{NARROW_RATE, WIDEST_BYTES, WIDEST_RATE};
use super::name;
use super::scene::{LabelMode, Orientation, Zoom};
use super::view::{ViewGraph, ViewNode};

/// Whether a box has its title in the border; else it stands before the rows, where no line from
/// above can hide it.
pub(crate) fn title_in_border(orientation: Orientation) -> bool {
    orientation == Orientation::LeftRight
}

/// Cells of the bar that shows a version's share, with its space.
pub(crate) const BAR: u16 = 7;
/// Cells between two rows of a box that lie side by side.
pub(crate) const BETWEEN_ROWS: u16 = 2;

/// How many cells the figure of a row gets.
pub(crate) fn figure_width(options: &LayoutOptions, rows: usize) -> u16 {
    match (options.zoom, rows) {
        (Zoom::Dots | Zoom::Pill, _) => 0,
        (Zoom::Box, 1) => NARROW_RATE,
        (Zoom::Box, _) => 4,
        (Zoom::Detail, 1) => 2 * WIDEST_RATE + 1,
        (Zoom::Detail, _) => BAR + 4 + 1 + 5,
    }
}

/// Whether a row shows its version's name.
pub(crate) fn shows_version(zoom: Zoom, rows: usize) -> bool {
    match zoom {
        Zoom::Detail => true,
        Zoom::Box => rows > 1,
        Zoom::Pill | Zoom::Dots => false,
    }
}

/// The title as it is shown.
pub(crate) fn title(node: &ViewNode, options: &LayoutOptions) -> String {
    match options.zoom {
        Zoom::Dots => String::new(),
        Zoom::Pill | Zoom::Box | Zoom::Detail => {
            harmless(name::shortened(&node.title, options.name_cells))
        }
    }
}

/// A row's label as it is shown.
pub(crate) fn row_label(label: &str, options: &LayoutOptions, rows: usize) -> String {
    if shows_version(options.zoom, rows) {
        harmless(name::shortened(label, options.name_cells.min(16)))
    } else {
        String::new()
    }
}

/// Letters that join with their neighbours would move what stands after them: they are left out.
fn harmless(text: String) -> String {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return text;
    }
    text.chars()
        .filter(|letter| unicode_width::UnicodeWidthChar::width(*letter) > Some(0))
        .collect()
}

/// Cells of a row's text: health glyph, version, figure.
pub(crate) fn row_width(label: &str, options: &LayoutOptions, rows: usize) -> u16 {
    let figure = figure_width(options, rows);
    let label = if label.is_empty() { 0 } else { 1 + name::cells(label) };
    1 + label + if figure > 0 { 1 + figure } else { 0 }
}

/// Cells of a label slot on an edge, without the space before it; 0 without labels.
pub(crate) fn label_width(options: &LayoutOptions, tcp: bool) -> u16 {
    let rate = if tcp { WIDEST_BYTES } else { NARROW_RATE };
    let last = if options.labels == LabelMode::Throughput { WIDEST_BYTES } else { 6 };
    match (options.zoom, options.labels) {
        (_, LabelMode::None) | (Zoom::Dots, _) => 0,
        (Zoom::Detail, _) => 4 + 1 + rate.max(WIDEST_RATE) + 1 + 6 + 1 + last,
        (Zoom::Pill | Zoom::Box, LabelMode::Rate) => rate,
        (Zoom::Pill | Zoom::Box, LabelMode::Share) => 4,
        (Zoom::Pill | Zoom::Box, LabelMode::Errors) => 5,
        (Zoom::Pill | Zoom::Box, _) => last,
    }
}

/// Width and height of a box before its ports have made it larger, border included.
pub(crate) fn base_size(
    node: &ViewNode,
    options: &LayoutOptions,
    calls_itself: bool,
) -> (i32, i32) {
    let title = i32::from(name::cells(&title(node, options)));
    match options.zoom {
        Zoom::Dots => return (1, 1),
        Zoom::Pill => return (2 + title + if calls_itself { 2 } else { 0 }, 1),
        Zoom::Box | Zoom::Detail => {}
    }
    let count = node.rows.len();
    let widths = node
        .rows
        .iter()
        .map(|row| i32::from(row_width(&row_label(&row.label, options, count), options, count)));
    let (text, lines) = match options.orientation {
        Orientation::LeftRight => (widths.max().unwrap_or(1), count),
        Orientation::TopDown => {
            let between = i32::from(BETWEEN_ROWS) * i32::try_from(count).unwrap_or(1);
            (title + widths.sum::<i32>() + between, 1)
        }
    };
    let own = if calls_itself { 12 } else { 0 };
    let width = (text + 4).max(title + 4).max(own);
    (width, i32::try_from(lines).unwrap_or(i32::MAX - 2) + 2)
}

/// A line to be drawn, before it is known which way it runs.
#[derive(Debug, Clone)]
pub(crate) struct Strand {
    pub(crate) from: usize,
    pub(crate) from_row: usize,
    pub(crate) to: usize,
    /// Indices into [`ViewGraph::edges`].
    pub(crate) edges: Vec<usize>,
}

/// The lines of a view: with boxes, one from each row to each box called; without, one between
/// each two nodes. Sorted by their ends.
pub(crate) fn strands(view: &ViewGraph, zoom: Zoom) -> Vec<Strand> {
    let mut strands: BTreeMap<(usize, usize, usize), Strand> = BTreeMap::new();
    for (ix, edge) in view.edges.iter().enumerate() {
        let from_row = if zoom.boxed() { edge.from_row } else { 0 };
        strands
            .entry((edge.from, from_row, edge.to))
            .or_insert_with(|| Strand { from: edge.from, from_row, to: edge.to, edges: Vec::new() })
            .edges
            .push(ix);
    }
    strands.into_values().collect()
}
