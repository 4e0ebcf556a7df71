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
use crate::layout::scene::{Area, Pos, WireSet};
use crate::ui::View;
use crate::ui::theme::Role;
use crate::ui::widget::graph::GraphView;
use crate::ui::widget::{flow, panel, table};

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
    area = panel::draw(frame, area, model, view);
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let window = window(model, drawn, inner, view);
    let origin = Pos { x: window.x, y: window.y };
    (view.drawing, view.panned) = (origin, model.drawing.panned);
    let filter = model.lists.get(&Screen::Graph).map_or("", |list| list.filter.as_str());
    let selection = model.drawing.selection(drawn, filter);
    let glyphs = if view.ascii { Glyphs::Ascii } else { Glyphs::Rounded };
    let (scene, styles) = (&*drawn.scene, &drawn.styles);
    GraphView { scene, styles, selection: &selection, origin, glyphs }.render(
        inner,
        &view.theme,
        frame.buffer_mut(),
    );
    if let Some(step) = model.drawing.flow {
        flow::draw(frame.buffer_mut(), inner, (drawn, window), step, view);
    }
    targets(drawn, window, inner, view);
    if !view.ascii {
        map(frame, inner, drawn, window, view);
    }
}

/// The part of the scene to show: what was shown, moved as the user moved it, or by as little as
/// shows the selection.
fn window(model: &Model, drawn: &Drawn, inner: Rect, view: &View) -> Area {
    let (width, height) = (i32::from(inner.width), i32::from(inner.height));
    let (before, panned, now) = (view.drawing, view.panned, model.drawing.panned);
    let x = before.x.saturating_add(now.x.saturating_sub(panned.x));
    let y = before.y.saturating_add(now.y.saturating_sub(panned.y));
    let mut window = Area::new(x, y, width, height);
    if !model.drawing.loose {
        for area in selected(model, drawn) {
            window = window_with(window, area);
        }
    }
    let within = |at: i32, size: i32, whole: i32| at.min(whole - size).max(0);
    Area {
        x: within(window.x, width, drawn.scene.width),
        y: within(window.y, height, drawn.scene.height),
        ..window
    }
}

/// Where the selection lies; what matters most comes last.
fn selected(model: &Model, drawn: &Drawn) -> Vec<Area> {
    if let Some(edge) = model.drawing.edge() {
        let scene = &drawn.scene;
        let is = |wire: usize| scene.wires.get(wire).is_some_and(|w| w.edges.contains(edge));
        let heads = scene.heads.iter().filter(|head| scene.wires_of(head.wires).any(is));
        let slots = scene.slots.iter().filter(|slot| scene.wires_of(slot.wires).any(is));
        let head = heads.map(|head| Area::new(head.pos.x, head.pos.y, 1, 1));
        let slot = slots.map(|slot| Area::new(slot.pos.x, slot.pos.y, i32::from(slot.width), 1));
        return head.chain(slot).collect();
    }
    let Some(key) = model.drawing.selected() else { return Vec::new() };
    let Some(item) = boxed(drawn, key) else { return Vec::new() };
    let row = item.rows.iter().find(|row| row.key == *key).map(|row| row.area);
    [item.area].into_iter().chain(row).collect()
}

/// Tells what lies where for the mouse: lines, boxes over them, and over those the rows of boxes
/// with several.
fn targets(drawn: &Drawn, window: Area, inner: Rect, view: &mut View) {
    let scene = &drawn.scene;
    let mut put = |area: Area, target: Target| {
        if area.intersects(&window) {
            view.hits.push((on_screen(area, window, inner), target));
        }
    };
    let edge = |wires: WireSet| {
        let wire = scene.wires_of(wires).next().and_then(|wire| scene.wires.get(wire))?;
        wire.edges.first().cloned().map(Target::Edge)
    };
    for run in &scene.runs {
        let area = Area::new(run.a.x, run.a.y, run.b.x - run.a.x + 1, run.b.y - run.a.y + 1);
        if let Some(target) = edge(run.wires).filter(|_| area.intersects(&window)) {
            put(area, target);
        }
    }
    for slot in &scene.slots {
        let area = Area::new(slot.pos.x, slot.pos.y, i32::from(slot.width), 1);
        if let Some(target) = edge(slot.wires).filter(|_| area.intersects(&window)) {
            put(area, target);
        }
    }
    for item in &scene.boxes {
        put(item.area, Target::Node(item.key.clone()));
        let several = item.rows.len() > 1 && scene.zoom.boxed();
        for row in item.rows.iter().filter(|_| several) {
            put(row.area, Target::Node(row.key.clone()));
        }
    }
}

/// The cells of the screen that an area of the scene has.
fn on_screen(area: Area, window: Area, inner: Rect) -> Rect {
    let cell = |at: i32, from: i32, size: u16| {
        u16::try_from((at - from).clamp(0, i32::from(size))).unwrap_or_default()
    };
    let (left, top) = (cell(area.x, window.x, inner.width), cell(area.y, window.y, inner.height));
    Rect {
        x: inner.x + left,
        y: inner.y + top,
        width: cell(area.right(), window.x, inner.width) - left,
        height: cell(area.bottom(), window.y, inner.height) - top,
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
