//! The drawn graph: the part of it that shows the selection, and a map of a large one.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::Model;
use crate::app::drawing::boxed;
use crate::app::list::Data;
use crate::app::message::Target;
use crate::app::picture::Drawn;
use crate::app::screen::Screen;
use crate::layout::glyph::Glyphs;
use crate::layout::minimap::minimap;
use crate::layout::navigate::window_with;
use crate::layout::scene::{Area, Pos};
use crate::ui::View;
use crate::ui::theme::Role;
use crate::ui::widget::graph::GraphView;
use crate::ui::widget::table;

/// Columns and rows of the map of a large graph.
const MAP: (u16, u16) = (24, 6);

/// Draws the graph into the body of the screen.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    mut area: Rect,
    model: &Model,
    drawn: &Drawn,
    view: &mut View,
) {
    if let Some(Data::Loaded(Some(trouble))) = model.table().map(|table| &table.data) {
        area = table::bottom_line(frame, area, &format!("▲ {trouble}"), Role::Warn, view);
    }
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let window = window(model, drawn, inner, view.drawing);
    let origin = Pos { x: window.x, y: window.y };
    view.drawing = origin;
    let filter = model.lists.get(&Screen::Graph).map_or("", |list| list.filter.as_str());
    let selection = model.drawing.selection(drawn, filter);
    let glyphs = if view.ascii { Glyphs::Ascii } else { Glyphs::Rounded };
    let (scene, styles) = (&*drawn.scene, &drawn.styles);
    GraphView { scene, styles, selection: &selection, origin, glyphs }.render(
        inner,
        &view.theme,
        frame.buffer_mut(),
    );
    targets(drawn, window, inner, view);
    if !view.ascii {
        map(frame, inner, drawn, window, view);
    }
}

/// The part of the scene to show: what was shown, moved by as little as shows the selection.
fn window(model: &Model, drawn: &Drawn, inner: Rect, before: Pos) -> Area {
    let (width, height) = (i32::from(inner.width), i32::from(inner.height));
    let mut window = Area::new(before.x, before.y, width, height);
    if let Some(key) = model.drawing.selected()
        && let Some(item) = boxed(drawn, key)
    {
        window = window_with(window, item.area);
        if let Some(row) = item.rows.iter().find(|row| row.key == *key) {
            window = window_with(window, row.area);
        }
    }
    let within = |at: i32, size: i32, whole: i32| at.min(whole - size).max(0);
    Area {
        x: within(window.x, width, drawn.scene.width),
        y: within(window.y, height, drawn.scene.height),
        ..window
    }
}

/// Tells what lies where for the mouse: boxes, and over them the rows of those with several.
fn targets(drawn: &Drawn, window: Area, inner: Rect, view: &mut View) {
    for item in drawn.scene.boxes.iter().filter(|item| item.area.intersects(&window)) {
        let rows = item.rows.iter().filter(|_| item.rows.len() > 1);
        let rows = rows.filter(|row| drawn.scene.zoom.boxed() && row.area.intersects(&window));
        let places = [(&item.area, &item.key)].into_iter().chain(rows.map(|r| (&r.area, &r.key)));
        for (area, key) in places {
            let cell = |at: i32, from: i32, size: u16| {
                u16::try_from((at - from).clamp(0, i32::from(size))).unwrap_or_default()
            };
            let (left, top) =
                (cell(area.x, window.x, inner.width), cell(area.y, window.y, inner.height));
            let place = Rect {
                x: inner.x + left,
                y: inner.y + top,
                width: cell(area.right(), window.x, inner.width) - left,
                height: cell(area.bottom(), window.y, inner.height) - top,
            };
            view.hits.push((place, Target::Node(key.clone())));
        }
    }
}

/// Of a graph much larger than the window, where its boxes are and which of them are seen.
fn map(frame: &mut Frame<'_>, inner: Rect, drawn: &Drawn, window: Area, view: &View) {
    let Some(map) = minimap(&drawn.scene, window, MAP) else { return };
    if inner.width < 2 * MAP.0 || inner.height < 2 * MAP.1 {
        return;
    }
    let (left, top) = (inner.right() - MAP.0, inner.bottom() - MAP.1);
    for (row, y) in map.rows.iter().zip(0_i32..) {
        for (letter, x) in row.chars().zip(0_i32..) {
            let (Ok(column), Ok(line)) = (u16::try_from(x), u16::try_from(y)) else { continue };
            let Some(cell) = frame.buffer_mut().cell_mut((left + column, top + line)) else {
                continue;
            };
            cell.reset();
            cell.set_char(letter).set_style(view.theme.style(Role::Dim));
            if map.window.contains(Pos { x, y }) {
                let seen = view.theme.style(Role::Accent).add_modifier(Modifier::REVERSED);
                cell.set_style(seen);
            }
        }
    }
}
