//! Traffic that moves: a dot on each of the busiest calls, a few cells on with every step. Only the
//! cells of the dots change, so that a step costs few bytes on the line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::picture::Drawn;
use crate::layout::scene::{Area, Pos, Run};
use crate::layout::style::EdgeStyle;
use crate::mesh::graph::Health;
use crate::ui::View;
use crate::ui::theme::Role;

/// Dots at most: at two steps a second they cost less than two thousand bytes.
const MOST_DOTS: usize = 30;

/// Of this many dots of a call with errors, one is an error.
const ERRORS_SHOWN: u32 = 3;

/// Shortest run of cells on which a movement can be seen.
const SHORTEST: i32 = 2;

/// Draws the dots of one step over the lines.
pub(in crate::ui) fn draw(
    buffer: &mut Buffer,
    inner: Rect,
    (drawn, window): (&Drawn, Area),
    step: u32,
    view: &View,
) {
    let mut calls = busiest(drawn, window);
    calls.truncate(MOST_DOTS);
    for (run, style, from) in calls {
        let cells = length(run);
        let speed = speed(style.rate);
        let way = step.wrapping_mul(speed);
        let at = i32::try_from(way % cells.unsigned_abs()).unwrap_or_default();
        let round = way / cells.unsigned_abs();
        // From the end that lies nearer to who calls.
        let at = if away(from, run.b) < away(from, run.a) { cells - 1 - at } else { at };
        let (x, y) = if run.vertical { (run.a.x, run.a.y + at) } else { (run.a.x + at, run.a.y) };
        let (Ok(x), Ok(y)) = (u16::try_from(x - window.x), u16::try_from(y - window.y)) else {
            continue;
        };
        if x >= inner.width || y >= inner.height {
            continue;
        }
        let failing = style.health > Health::NotReady && round.is_multiple_of(ERRORS_SHOWN);
        let (sign, role) = if failing { ("✕", Role::Bad) } else { ("•", Role::Strong) };
        if let Some(cell) =
            buffer.cell_mut((inner.x + x, inner.y + y)).filter(|c| is_line(c.symbol()))
        {
            cell.set_symbol(sign).set_style(view.theme.style(role));
        }
    }
}

/// The longest run of each call in the window with the box that calls, the busiest calls first.
fn busiest(drawn: &Drawn, window: Area) -> Vec<(&Run, EdgeStyle, Area)> {
    let scene = &drawn.scene;
    let mut longest: Vec<Option<&Run>> = vec![None; scene.wires.len()];
    for run in &scene.runs {
        let area = Area::new(run.a.x, run.a.y, run.b.x - run.a.x + 1, run.b.y - run.a.y + 1);
        let mut wires = scene.wires_of(run.wires);
        // A line that several calls share says nothing about one of them.
        let (Some(wire), None) = (wires.next(), wires.next()) else { continue };
        if let Some(slot) = longest.get_mut(wire)
            && area.intersects(&window)
            && length(run) >= SHORTEST
            && slot.is_none_or(|known| length(known) < length(run))
        {
            *slot = Some(run);
        }
    }
    let mut calls: Vec<(&Run, EdgeStyle, Area)> = longest
        .into_iter()
        .zip(&scene.wires)
        .filter_map(|(run, wire)| {
            let from = scene.boxes.get(wire.from)?.area;
            Some((run?, drawn.styles.joined(wire.edges.iter())?, from))
        })
        .filter(|(_, style, _)| style.rate > 0.0)
        .collect();
    calls.sort_by(|a, b| b.1.rate.total_cmp(&a.1.rate));
    calls
}

/// Cells from a box to a place.
fn away(area: Area, pos: Pos) -> i32 {
    let beyond = |at: i32, first: i32, last: i32| (first - at).max(at - last).max(0);
    beyond(pos.x, area.x, area.right() - 1) + beyond(pos.y, area.y, area.bottom() - 1)
}

fn length(run: &Run) -> i32 {
    if run.vertical { run.b.y - run.a.y + 1 } else { run.b.x - run.a.x + 1 }
}

/// Cells a step, by class of the rate.
fn speed(rate: f64) -> u32 {
    match rate {
        rate if rate < 1.0 => 1,
        rate if rate < 10.0 => 2,
        rate if rate < 100.0 => 3,
        _ => 5,
    }
}

/// Whether a cell shows a straight line and nothing else.
fn is_line(symbol: &str) -> bool {
    matches!(symbol, "─" | "━" | "═" | "╌" | "┈" | "│" | "┃" | "║" | "╎" | "┊" | "-" | "=" | "|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_end_is_told_by_the_cells_between() {
        let area = Area::new(10, 10, 5, 3);
        assert_eq!(away(area, Pos { x: 12, y: 11 }), 0);
        assert_eq!(away(area, Pos { x: 17, y: 8 }), 5);
        assert!(away(area, Pos { x: 16, y: 9 }) < away(area, Pos { x: 16, y: 2 }));
    }

    #[test]
    fn more_traffic_is_faster_and_labels_are_no_lines() {
        assert!(speed(0.1) < speed(4.0) && speed(4.0) < speed(40.0) && speed(40.0) < speed(4e3));
        assert!(is_line("━") && !is_line("4") && !is_line("►") && !is_line("┼"));
    }
}
