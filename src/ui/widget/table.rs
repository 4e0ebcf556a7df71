//! A list as a table: columns by importance, only the rows in view, the selection in view.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use super::notice;
use crate::app::Model;
use crate::app::list::{Column, Data, ListState, Row, Table, Tone, Value};
use crate::app::message::Target;
use crate::app::screen::Screen;
use crate::ui::theme::Role;
use crate::ui::{View, format};

/// Cells between columns.
const GAP: u16 = 2;

/// A column with its place.
struct Placed<'a> {
    at: usize,
    column: &'a Column,
    x: u16,
    width: u16,
}

/// Draws the list of a screen, or what stands in its place.
pub(in crate::ui) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    screen: Screen,
    model: &Model,
    view: &mut View,
) {
    let (Some(table), Some(list)) = (model.table(), model.list()) else {
        return notice::calm(frame, area, "waiting for the first answer …", view);
    };
    let missing = match &table.data {
        Data::Waiting if table.rows.is_empty() => {
            return notice::calm(frame, area, "waiting for the Kubernetes API …", view);
        }
        Data::Failed(trouble) => return notice::trouble(frame, area, trouble, view),
        Data::Loaded(trouble) => trouble.as_ref(),
        Data::Waiting => None,
    };
    if table.rows.is_empty() {
        return notice::calm(frame, area, &table.none, view);
    }
    let selected = list.selected().and_then(|id| table.row(id));
    let note = selected.and_then(|row| row.note.as_deref());
    let mut body = area;
    if let Some(note) = note {
        body = bottom_line(frame, body, &format!("▸ {note}"), Role::Warn, view);
    }
    if let Some(trouble) = missing {
        body = bottom_line(frame, body, &format!("▲ {trouble}"), Role::Warn, view);
    }
    let columns = place(table, area);
    header(frame, area, &columns, list, view);
    body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
    if list.is_empty() {
        return notice::calm(frame, body, &format!("nothing matches /{}", list.filter), view);
    }
    rows(frame, body, screen, (model, table, list), &columns, view);
}

/// A line below the rows, where there is room for one; what is left for the rows.
pub(in crate::ui) fn bottom_line(
    frame: &mut Frame<'_>,
    area: Rect,
    text: &str,
    role: Role,
    view: &View,
) -> Rect {
    if area.height < 6 {
        return area;
    }
    let line = Rect { y: area.bottom() - 1, height: 1, ..area };
    let text = format::cut(text, usize::from(area.width).saturating_sub(2));
    frame.render_widget(Line::styled(format!(" {text}"), view.theme.style(role)), line);
    Rect { height: area.height - 1, ..area }
}

/// Leaves out columns until the rest fits, then gives what is left to the columns of words.
fn place(table: &Table, area: Rect) -> Vec<Placed<'_>> {
    let room = area.width.saturating_sub(2);
    let natural = |at: usize| table.widths.get(at).copied().unwrap_or_default();
    let mut shown: Vec<Placed<'_>> = Vec::new();
    for (at, column) in table.columns.iter().enumerate().filter(|(at, _)| natural(*at) > 0) {
        shown.push(Placed { at, column, x: 0, width: column.width.0.min(natural(at)) });
    }
    let needs =
        |shown: &[Placed<'_>]| shown.iter().map(|p| p.width + GAP).sum::<u16>().saturating_sub(GAP);
    while needs(&shown) > room && shown.len() > 1 {
        let worst = (0..shown.len()).max_by_key(|at| shown.get(*at).map(|p| p.column.rank));
        match worst {
            Some(worst) if shown.get(worst).is_some_and(|p| p.column.rank > 0) => {
                shown.remove(worst);
            }
            // What matters most stays, and the rest is left out from the right.
            _ => {
                shown.pop();
            }
        }
    }
    let mut left = room.saturating_sub(needs(&shown));
    let mut by_rank: Vec<usize> = (0..shown.len()).collect();
    by_rank.sort_by_key(|at| shown.get(*at).map(|p| p.column.rank));
    for at in by_rank {
        if let Some(placed) = shown.get_mut(at) {
            let more = natural(placed.at).saturating_sub(placed.width).min(left);
            placed.width += more;
            left -= more;
        }
    }
    let mut x = area.x + 1;
    for placed in &mut shown {
        placed.x = x;
        placed.width = placed.width.min((area.right()).saturating_sub(x));
        x += placed.width + GAP;
    }
    shown
}

fn header(
    frame: &mut Frame<'_>,
    area: Rect,
    columns: &[Placed<'_>],
    list: &ListState,
    view: &View,
) {
    let style = view.theme.style(Role::Header);
    for placed in columns {
        let mut title = placed.column.title.to_owned();
        if let Some(sort) = list.sort.filter(|sort| sort.column == placed.at) {
            let arrow = if sort.descending { "↓" } else { "↑" };
            // The arrow takes a place in the gap rather than a letter of the title.
            if placed.column.right { title.insert_str(0, arrow) } else { title.push_str(arrow) }
        }
        put(frame, placed, area.y, &title, style);
    }
}

fn rows(
    frame: &mut Frame<'_>,
    area: Rect,
    screen: Screen,
    (model, table, list): (&Model, &Table, &ListState),
    columns: &[Placed<'_>],
    view: &mut View,
) {
    let height = usize::from(area.height);
    let offset = offset(view.offsets.get(&screen).copied().unwrap_or(0), list, height);
    view.offsets.insert(screen, offset);
    let mut above: Option<&Row> = None;
    for (line, row) in list.rows(table).skip(offset).take(height).enumerate() {
        let y = area.y + line as u16;
        let at = offset + line;
        let whole = Rect { y, height: 1, ..area };
        let chosen = at == list.position();
        if chosen {
            let style = view.theme.style(Role::Selected);
            frame.buffer_mut().set_style(whole, style);
            frame.buffer_mut().set_string(area.x, y, "▌", style);
        } else if let Some(level) = table.marks.get(&row.id) {
            let style = view.theme.style(Tone::from(*level));
            frame.buffer_mut().set_string(area.x, y, level.sign(), style);
        }
        let said = above.replace(row).filter(|_| !chosen);
        let same = |placed: &Placed<'_>| {
            let groups = placed.column.groups && list.sort.is_some_and(|s| s.column == placed.at);
            groups && said.is_some_and(|said| said.cells.get(placed.at) == row.cells.get(placed.at))
        };
        let columns = columns.iter().filter(|placed| !same(placed));
        cells(frame, y, row, (columns, chosen), model, view);
        view.hits.push((whole, Target::Row(at)));
    }
}

/// Keeps the selection in view, moving no more than needed.
fn offset(before: usize, list: &ListState, height: usize) -> usize {
    let last = list.len().saturating_sub(height);
    let least = (list.position() + 1).saturating_sub(height);
    before.clamp(least, list.position().max(least)).min(last)
}

fn cells<'a>(
    frame: &mut Frame<'_>,
    y: u16,
    row: &Row,
    (columns, chosen): (impl Iterator<Item = &'a Placed<'a>>, bool),
    model: &Model,
    view: &View,
) {
    for placed in columns {
        let Some(cell) = row.cells.get(placed.at) else { continue };
        let tone = if cell.value == Value::Missing { Role::Dim } else { cell.tone.into() };
        let style = view.theme.style(tone);
        let style = if chosen { view.theme.on_selected(style) } else { style };
        put(frame, placed, y, &format::value(&cell.value, model.now), style);
    }
}

/// Writes a text into a column: numbers on its right, words on its left, cut where too long.
fn put(frame: &mut Frame<'_>, placed: &Placed<'_>, y: u16, text: &str, style: Style) {
    let width = usize::from(placed.width);
    let text = if placed.column.right || text.contains(' ') {
        format::cut(text, width + usize::from(placed.column.right && text.width() == width + 1))
    } else {
        format::cut_name(text, width)
    };
    let indent = if placed.column.right { width.saturating_sub(text.width()) } else { 0 };
    let over = if placed.column.right { text.width().saturating_sub(width) } else { 0 };
    let x = (placed.x + indent as u16).saturating_sub(over as u16);
    frame.buffer_mut().set_string(x, y, text, style);
}
