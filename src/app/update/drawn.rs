//! Moving through the drawn graph, and choosing how it is drawn.

use std::sync::Arc;

use super::perform;
use crate::app::action::Action;
use crate::app::drawing::boxed;
use crate::app::effect::Effect;
use crate::app::list::RowId;
use crate::app::model::Model;
use crate::app::picture::Picture;
use crate::app::screen::Place;
use crate::layout::scene::{Orientation, Side};
use crate::layout::view::Focus;
use crate::layout::{LayoutOptions, name};
use crate::mesh::graph::NodeId;

/// Calls away from a node that the farthest focus reaches.
const MOST_HOPS: u8 = 9;

/// Does what an action means in the drawn graph; `None` where it means what it does elsewhere.
pub(super) fn perform(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let picture = model.drawn().and(model.picture.as_ref()).map(Arc::clone)?;
    let drawn = &picture.drawn;
    let page = isize::try_from(model.page()).unwrap_or(1);
    match action {
        Action::Up => steps(model, &picture, Side::Up, 1),
        Action::Down => steps(model, &picture, Side::Down, 1),
        Action::Left => steps(model, &picture, Side::Left, 1),
        Action::Right => steps(model, &picture, Side::Right, 1),
        Action::PageUp => far(model, &picture, -page),
        Action::PageDown => far(model, &picture, page),
        Action::Top => model.drawing.end(drawn, false),
        Action::Bottom => model.drawing.end(drawn, true),
        Action::NextProblem => problem(model, &picture, true),
        Action::PreviousProblem => problem(model, &picture, false),
        Action::Enter | Action::Detail => return Some(enter(model, &picture)),
        Action::Copy => return Some(copy(model, &picture)),
        Action::Back if model.wanted.drawn.focus.is_some() => {
            model.wanted.drawn.focus = None;
            return Some(model.derive());
        }
        Action::Focus => return Some(focus(model)),
        Action::Wider => return Some(wider(model)),
        Action::ZoomIn | Action::ZoomOut | Action::Fit | Action::Orientation => {
            return Some(choose(model, &picture, action));
        }
        Action::Labels => {
            let labels = model.wanted.drawn.labels.next();
            model.wanted.drawn.labels = labels;
            model.say(Ok(format!("calls are labelled with: {}", labels.name())));
            return Some(model.derive());
        }
        Action::Tidy => {
            model.wanted.drawn.tidied = model.wanted.drawn.tidied.wrapping_add(1);
            return Some(model.derive());
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// What the other keys of the graph do where it is not drawn, or not yet.
pub(super) fn graph(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::GraphView => model.drawing.tree = !model.drawing.tree,
        Action::Focus
        | Action::Wider
        | Action::ZoomIn
        | Action::ZoomOut
        | Action::Fit
        | Action::Orientation
        | Action::Labels
        | Action::Tidy => {
            model.say(Ok("this is for the drawn graph: v, in a wide window".to_owned()));
        }
        _ => {}
    }
    Vec::new()
}

fn steps(model: &mut Model, picture: &Picture, side: Side, times: usize) {
    for _ in 0..times {
        if !model.drawing.step(&picture.drawn, side) {
            break;
        }
    }
}

/// Rows down (negative: up): to the next box that lies about so far away.
fn far(model: &mut Model, picture: &Picture, by: isize) {
    let drawn = &picture.drawn;
    let row = |model: &Model| {
        let key = model.drawing.selected()?;
        boxed(drawn, key).map(|item| item.area.y)
    };
    let Some(from) = row(model) else { return };
    let side = if by < 0 { Side::Up } else { Side::Down };
    for _ in 0..drawn.scene.boxes.len() {
        if !model.drawing.step(drawn, side)
            || row(model).is_none_or(|at| at.abs_diff(from) as usize >= by.unsigned_abs())
        {
            break;
        }
    }
}

/// Turns of the wheel: one step of the drawing each, lines of whatever else is shown.
pub(super) fn scroll(model: &mut Model, by: isize) {
    let action = if by < 0 { Action::Up } else { Action::Down };
    if perform(model, action).is_none() {
        perform::step(model, by);
    }
}

fn problem(model: &mut Model, picture: &Picture, forward: bool) {
    let from = model.drawing.selected().cloned();
    match picture.drawn.problem(from.as_deref(), forward) {
        Some(key) => model.drawing.select(key),
        None => model.say(Ok("nothing here is in trouble".to_owned())),
    }
}

/// Goes to what is known of a node; a box with several versions opens on its first.
fn enter(model: &mut Model, picture: &Picture) -> Vec<Effect> {
    let Some(key) = model.drawing.selected().cloned() else { return Vec::new() };
    let rows = boxed(&picture.drawn, &key).map(|item| item.rows.as_slice()).unwrap_or_default();
    let node = rows.iter().find(|row| row.key == key).or_else(|| rows.first());
    let Some(node) = node.filter(|node| picture.graph.node(&node.key).is_some()) else {
        return Vec::new();
    };
    model.way.enter(Place::Node(node.key.clone()));
    perform::arrive(model)
}

/// The row of the call tree that says the same as the selection: the node, below its busiest
/// caller.
pub(super) fn row(model: &Model) -> Option<RowId> {
    let picture = model.drawn().and(model.picture.as_ref())?;
    let key = model.drawing.selected()?;
    let rows = boxed(&picture.drawn, key).map(|item| item.rows.as_slice()).unwrap_or_default();
    let node = &rows.iter().find(|row| row.key == *key).or_else(|| rows.first())?.key;
    let calls = picture.graph.edges.iter().filter(|edge| edge.target == *node);
    let busiest = calls.max_by(|a, b| a.rate.total_cmp(&b.rate));
    let way = busiest.map_or_else(|| node.to_string(), |edge| format!("{}>{node}", edge.source));
    Some(RowId::Node(Arc::clone(node), way.into()))
}

/// Copies the name of what is selected.
fn copy(model: &Model, picture: &Picture) -> Vec<Effect> {
    let key = model.drawing.selected();
    let item = key.and_then(|key| boxed(&picture.drawn, key));
    let row = item.and_then(|item| item.rows.first());
    let node = row.and_then(|row| picture.graph.node(&row.key));
    let text = node.map(|node| name::of(node).to_owned());
    text.map(|text| Effect::Copy(text.clone(), text)).into_iter().collect()
}

/// Selects a node that was clicked; clicked again, goes in.
pub(super) fn click(model: &mut Model, key: NodeId) -> Vec<Effect> {
    let Some(picture) = model.drawn().and(model.picture.as_ref()).map(Arc::clone) else {
        return Vec::new();
    };
    if model.drawing.selected() == Some(&key) {
        return enter(model, &picture);
    }
    model.drawing.select(key);
    Vec::new()
}

/// Only the neighbours of the selection, or everything again.
fn focus(model: &mut Model) -> Vec<Effect> {
    let node = model.drawing.selected().cloned();
    let focus = &mut model.wanted.drawn.focus;
    *focus = match (focus.take(), node) {
        (None, Some(node)) => Some(Focus { node, hops: 1 }),
        _ => None,
    };
    model.derive()
}

fn wider(model: &mut Model) -> Vec<Effect> {
    let Some(focus) = &mut model.wanted.drawn.focus else { return focus(model) };
    focus.hops = (focus.hops + 1).min(MOST_HOPS);
    let said = format!("neighbours up to {} calls away", focus.hops);
    model.say(Ok(said));
    model.derive()
}

/// Changes the zoom or the way calls run; from then on it stays, until it is to fit again.
fn choose(model: &mut Model, picture: &Picture, action: Action) -> Vec<Effect> {
    let now = &picture.drawn.options;
    let chosen = match action {
        Action::ZoomIn => LayoutOptions {
            zoom: now.zoom.nearer(),
            name_cells: LayoutOptions::default().name_cells,
            ..now.clone()
        },
        Action::ZoomOut => LayoutOptions { zoom: now.zoom.farther(), ..now.clone() },
        Action::Orientation => LayoutOptions {
            orientation: match now.orientation {
                Orientation::LeftRight => Orientation::TopDown,
                Orientation::TopDown => Orientation::LeftRight,
            },
            ..now.clone()
        },
        _ => {
            model.wanted.drawn.chosen = None;
            return model.derive();
        }
    };
    model.wanted.drawn.chosen = Some(chosen);
    model.derive()
}
