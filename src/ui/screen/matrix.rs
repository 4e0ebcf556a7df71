//! The matrix of calls: a row for who calls, a column for who is called, shaded by rate.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::app::Model;
use crate::app::message::Target;
use crate::app::picture::{Matrix, MatrixBox};
use crate::layout::style::EdgeStyle;
use crate::mesh::graph::{Health, Unit};
use crate::ui::theme::Role;
use crate::ui::widget::panel;
use crate::ui::{View, format};

/// Columns of the screen for one column of the matrix, the gap included.
const PITCH: u16 = 3;

/// Columns of the number and sign before a name.
const BEFORE_NAME: u16 = 7;

/// Columns of a name at most.
const NAME: u16 = 22;

/// Columns of the sum on the right.
const SUM: u16 = 8;

/// Shades, and from which part of the greatest rate each one is used.
const SHADES: [(f64, char); 5] =
    [(1.0 / 2.0, '█'), (1.0 / 8.0, '▓'), (1.0 / 32.0, '▒'), (1.0 / 128.0, '░'), (0.0, '·')];

/// Where the parts of the matrix are on the screen.
struct Place {
    area: Rect,
    /// First column of the cells.
    left: u16,
    /// First row of the cells.
    top: u16,
    /// First row and column of the matrix that are shown, and how many.
    first: (usize, usize),
    shown: (usize, usize),
    selected: (usize, usize),
}

/// Draws the matrix into the body of the screen.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    model: &Model,
    matrix: &Matrix,
    view: &mut View,
) {
    let area = panel::draw(frame, area, model, view);
    let place = place(area, matrix, model, view.matrix);
    view.matrix = place.first;
    let buffer = frame.buffer_mut();
    heads(buffer, matrix, &place, view);
    for row in place.first.0..place.first.0 + place.shown.0 {
        if let Some(item) = matrix.boxes.get(row) {
            name(buffer, item, row, &place, view);
            cells(buffer, matrix, row, &place, view);
        }
    }
    hits(matrix, &place, view);
    words(frame, matrix, &place, view);
}

/// Gives names, cells and the sum their columns, and moves as little as shows the selection.
fn place(area: Rect, matrix: &Matrix, model: &Model, before: (usize, usize)) -> Place {
    let longest = matrix.boxes.iter().map(|item| item.title.chars().count()).max().unwrap_or(0);
    let names = BEFORE_NAME + u16::try_from(longest).unwrap_or(NAME).clamp(6, NAME) + 1;
    let heads = if matrix.boxes.len() > 99 { 2 } else { 1 };
    let count = matrix.boxes.len();
    let room = area.width.saturating_sub(names + SUM + 1);
    let shown = (
        usize::from(area.height.saturating_sub(heads + 2)).min(count),
        usize::from(room / PITCH).min(count),
    );
    let selected = matrix.at(model.drawing.cell());
    let first = |before: usize, shown: usize, at: usize| {
        let least = (at + 1).saturating_sub(shown);
        before.clamp(least, at.max(least)).min(count.saturating_sub(shown))
    };
    Place {
        area,
        left: area.x + names,
        top: area.y + heads,
        first: (first(before.0, shown.0, selected.0), first(before.1, shown.1, selected.1)),
        shown,
        selected,
    }
}

impl Place {
    fn column(&self, column: usize) -> u16 {
        let at = column.saturating_sub(self.first.1);
        self.left + u16::try_from(at).unwrap_or_default() * PITCH
    }

    fn row(&self, row: usize) -> u16 {
        self.top + u16::try_from(row.saturating_sub(self.first.0)).unwrap_or_default()
    }

    fn columns(&self) -> std::ops::Range<usize> {
        self.first.1..self.first.1 + self.shown.1
    }
}

/// The numbers of the columns: those of the rows.
fn heads(buffer: &mut Buffer, matrix: &Matrix, place: &Place, view: &View) {
    let header = view.theme.style(Role::Header);
    buffer.set_string(place.area.x + 1, place.top - 1, "calls → called", header);
    for column in place.columns() {
        let number = column + 1;
        let style = if column == place.selected.1 { view.theme.style(Role::Found) } else { header };
        let x = place.column(column);
        buffer.set_string(x, place.top - 1, format!("{:>2}", number % 100), style);
        if matrix.boxes.len() > 99 && number > 99 {
            buffer.set_string(x, place.top - 2, format!("{:>2}", number / 100), style);
        }
    }
    let sum = place.column(place.first.1 + place.shown.1);
    buffer.set_string(sum, place.top - 1, format!("{:>7}", "sends/s"), header);
}

fn name(buffer: &mut Buffer, item: &MatrixBox, row: usize, place: &Place, view: &View) {
    let (x, y) = (place.area.x, place.row(row));
    let chosen = row == place.selected.0;
    let on = |style: Style| if chosen { view.theme.on_selected(style) } else { style };
    let room = place.left.saturating_sub(x);
    if chosen {
        let style = view.theme.style(Role::Selected);
        buffer.set_style(Rect { x, y, width: room, height: 1 }, style);
        buffer.set_string(x, y, "▌", style);
    }
    buffer.set_string(x + 1, y, format!("{:>3}", row + 1), on(view.theme.style(Role::Dim)));
    buffer.set_string(x + 5, y, format::mark(item.health), on(view.theme.health(item.health)));
    let title = format::cut_name(&item.title, usize::from(room.saturating_sub(BEFORE_NAME + 1)));
    buffer.set_string(x + BEFORE_NAME, y, title, on(view.theme.style(Role::Strong)));
    let sum = place.column(place.first.1 + place.shown.1);
    let sends = format!("{:>7}", format::rate(item.sends));
    buffer.set_string(sum, y, sends, view.theme.style(Role::Text));
}

fn cells(buffer: &mut Buffer, matrix: &Matrix, row: usize, place: &Place, view: &View) {
    for column in place.columns() {
        let call = matrix.calls.get(&(row, column));
        let (text, role) = match call {
            Some(call) => cell(call, row == column, matrix.greatest),
            None if row == column => ("╲ ".to_owned(), Role::Border),
            None => ("  ".to_owned(), Role::Dim),
        };
        let mut style = view.theme.style(role);
        if (row, column) == place.selected {
            style = style.add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM);
        }
        buffer.set_string(place.column(column), place.row(row), text, style);
    }
}

/// Two letters for a call: how much there is of it, and whether it is in trouble.
fn cell(call: &EdgeStyle, itself: bool, greatest: f64) -> (String, Role) {
    let shade = match call.unit {
        Unit::Bytes => '┅',
        Unit::Requests | Unit::Messages => {
            let part = if greatest > 0.0 { call.rate / greatest } else { 0.0 };
            SHADES.iter().find(|(from, _)| part >= *from).map_or('·', |(_, shade)| *shade)
        }
    };
    let (sign, role) = match call.health {
        Health::Failure => ('✕', Role::Bad),
        Health::Degraded | Health::NotReady => ('▲', Role::Warn),
        Health::Healthy | Health::Unknown if itself => ('↺', Role::Bar),
        Health::Healthy | Health::Unknown if call.rate <= 0.0 => (shade, Role::Dim),
        Health::Healthy | Health::Unknown if call.unit == Unit::Bytes => (shade, Role::Accent),
        Health::Healthy | Health::Unknown => (shade, Role::Good),
    };
    (format!("{shade}{sign}"), role)
}

/// Tells what lies where for the mouse.
fn hits(matrix: &Matrix, place: &Place, view: &mut View) {
    for row in place.first.0..place.first.0 + place.shown.0 {
        for column in place.columns() {
            let Some((from, to)) = matrix.keys((row, column)) else { continue };
            let area = Rect { x: place.column(column), y: place.row(row), width: PITCH, height: 1 };
            view.hits.push((area, Target::Cell(from, to)));
        }
    }
}

/// Below: what stands at the selected place, and what the shades mean.
fn words(frame: &mut Frame<'_>, matrix: &Matrix, place: &Place, view: &View) {
    let area = place.area;
    if area.height < 6 {
        return;
    }
    let line = |y: u16| Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 };
    let title = |at: usize| matrix.boxes.get(at).map_or("", |item| item.title.as_str());
    let call = matrix.calls.get(&place.selected);
    let said = match call {
        Some(call) => described(call),
        None => "no calls".to_owned(),
    };
    let health = call.map(|call| call.health).unwrap_or_default();
    let (from, to) = (title(place.selected.0), title(place.selected.1));
    let spans = vec![
        Span::styled(format!("{} ", format::mark(health)), view.theme.health(health)),
        Span::styled(format!("{from} → {to}"), view.theme.style(Role::Strong)),
        Span::styled(format!("   {said}"), view.theme.style(Role::Text)),
    ];
    frame.render_widget(Line::from(spans), line(area.bottom() - 2));
    let shades = SHADES.iter().map(|(from, shade)| {
        if *from > 0.0 {
            format!("{shade} ≥{}/s", format::rate(from * matrix.greatest))
        } else {
            format!("{shade} less")
        }
    });
    let legend = shades.chain(["▲ ✕ in trouble".to_owned(), "↺ itself".to_owned()]);
    let legend = format::cut(&legend.collect::<Vec<_>>().join("  "), usize::from(area.width) - 2);
    let legend = Line::styled(legend, view.theme.style(Role::Dim));
    frame.render_widget(legend, line(area.bottom() - 1));
}

fn described(call: &EdgeStyle) -> String {
    let rate = match call.unit {
        Unit::Bytes => format::bytes(call.rate),
        Unit::Requests | Unit::Messages => format::rate(call.rate),
    };
    let mut words = vec![format!("{rate}/s")];
    if let Some(percent) = call.error_percent {
        words.push(format!("{}% errors", format::percent(percent)));
    }
    if let Some(p95) = call.latency_ms.and_then(|latency| latency.p95) {
        words.push(format!("p95 {}", format::millis(p95)));
    }
    if let Some(percent) = call.mtls_percent {
        words.push(format!("mTLS {}%", format::percent(percent)));
    }
    words.join("   ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shade_says_how_much_and_sign_says_how_well() {
        let call = |rate, health| EdgeStyle { rate, health, ..EdgeStyle::default() };
        assert_eq!(cell(&call(100.0, Health::Healthy), false, 100.0).0, "██");
        assert_eq!(cell(&call(5.0, Health::Failure), false, 100.0), ("▒✕".to_owned(), Role::Bad));
        assert_eq!(cell(&call(0.1, Health::Healthy), true, 100.0).0, "·↺");
        assert_eq!(cell(&call(0.0, Health::Unknown), false, 0.0).0, "··");
    }
}
