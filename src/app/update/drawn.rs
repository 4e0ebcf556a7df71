//! Moving through the drawn graph, and choosing how it is drawn.

use std::sync::Arc;

use super::{open, perform};
use crate::app::action::Action;
use crate::app::describe;
use crate::app::drawing::{Subject, boxed};
use crate::app::effect::Effect;
use crate::app::list::RowId;
use crate::app::model::Model;
use crate::app::picture::Picture;
use crate::app::screen::TextKind;
use crate::layout::scene::{Orientation, Side};
use crate::layout::selection::Target;
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
        Action::Edges => {
            let walked = model.drawing.edge().is_some();
            if !model.drawing.turn(drawn) && !walked {
                model.say(Ok("no call from it or to it is drawn".to_owned()));
            }
        }
        Action::Back => return back(model),
        Action::Focus => return Some(focus(model)),
        Action::Wider => return Some(wider(model, &picture)),
        Action::ZoomIn | Action::ZoomOut | Action::Fit | Action::Orientation => {
            return Some(choose(model, &picture, action));
        }
        Action::Path => model.drawing.path = !model.drawing.path,
        Action::Flow => flow(model),
        Action::PanLeft | Action::PanRight | Action::PanUp | Action::PanDown => pan(model, action),
        Action::Labels => {
            let labels = model.wanted.drawn.labels.next();
            model.wanted.drawn.labels = labels;
            model.say(Ok(format!("calls are labelled with: {}", labels.name())));
            return Some(model.derive());
        }
        _ => return of_subject(model, &picture, action),
    }
    Some(Vec::new())
}

/// What an action does with what is selected, however the graph is shown.
pub(super) fn of_subject(
    model: &mut Model,
    picture: &Picture,
    action: Action,
) -> Option<Vec<Effect>> {
    match action {
        Action::Enter | Action::Detail => Some(enter(model)),
        Action::Copy => Some(copy(model, picture)),
        Action::Yaml => Some(yaml(model, picture)),
        Action::Panel => {
            let shown = model.panel().is_some();
            model.drawing.panel = Some(!shown);
            if !shown && model.panel().is_none() {
                model.say(Ok("the window is too low for the details; enter opens them".to_owned()));
            }
            Some(Vec::new())
        }
        Action::Tidy => {
            model.wanted.drawn.tidied = model.wanted.drawn.tidied.wrapping_add(1);
            Some(model.derive())
        }
        _ => None,
    }
}

/// Takes back the last thing that was set off or left out; `None` where nothing was.
fn back(model: &mut Model) -> Option<Vec<Effect>> {
    let searched = model.list().is_some_and(|list| !list.filter.is_empty());
    if model.drawing.path {
        model.drawing.path = false;
    } else if searched {
        return None;
    } else if model.drawing.edge().is_some() {
        let node = model.drawing.selected().cloned()?;
        model.drawing.select(node);
    } else if model.wanted.drawn.focus.is_some() {
        model.wanted.drawn.focus = None;
        return Some(model.derive());
    } else {
        return None;
    }
    Some(Vec::new())
}

/// Lets the traffic move, or stand still.
fn flow(model: &mut Model) {
    model.drawing.flow = if model.drawing.flow.is_some() { None } else { Some(0) };
    let word =
        if model.drawing.flow.is_some() { "moves along the busiest calls" } else { "stands" };
    model.say(Ok(format!("the traffic {word}")));
}

/// Moves the window by half of itself.
fn pan(model: &mut Model, action: Action) {
    let (columns, rows) = model.window();
    let (columns, rows) = (i32::from(columns / 2).max(1), i32::from(rows / 2).max(1));
    match action {
        Action::PanLeft => model.drawing.pan(-columns, 0),
        Action::PanRight => model.drawing.pan(columns, 0),
        Action::PanUp => model.drawing.pan(0, -rows),
        _ => model.drawing.pan(0, rows),
    }
}

/// What the other keys of the graph do where it is not drawn, or not yet.
pub(super) fn graph(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::GraphView => {
            model.drawing.form = model.drawing.form.next();
            let shown = model.drawing.form.name();
            model.say(Ok(format!("the graph as: {shown}")));
        }
        Action::Focus
        | Action::Wider
        | Action::ZoomIn
        | Action::ZoomOut
        | Action::Fit
        | Action::Orientation
        | Action::Labels
        | Action::Edges
        | Action::Path
        | Action::Panel
        | Action::Flow
        | Action::PanLeft
        | Action::PanRight
        | Action::PanUp
        | Action::PanDown
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

/// Turns of the wheel: the window over a drawing, lines of whatever else is shown.
pub(super) fn scroll(model: &mut Model, by: isize) {
    let rows = i32::try_from(by).unwrap_or_default();
    if let Some(drawn) = model.drawn() {
        let tall = drawn.scene.height > i32::from(model.window().1);
        let (x, y) = if tall { (0, rows) } else { (rows * 2, 0) };
        model.drawing.pan(x, y);
        return;
    }
    let action = if by < 0 { Action::Up } else { Action::Down };
    if super::matrix::perform(model, action).is_none() {
        perform::step(model, by);
    }
}

/// The mouse pulls the drawing along.
pub(super) fn drag(model: &mut Model, columns: i32, rows: i32) {
    if model.drawn().is_some() && model.overlay.is_none() {
        model.drawing.pan(-columns, -rows);
    }
}

/// To the next box in trouble, the worst first; while something is searched, to the next found.
fn problem(model: &mut Model, picture: &Picture, forward: bool) {
    let drawn = &picture.drawn;
    let search = model.list().map(|list| list.filter.clone()).unwrap_or_default();
    let keys = if search.is_empty() { drawn.problems() } else { drawn.matches(&search) };
    let here = model.drawing.selected().and_then(|key| boxed(drawn, key)).map(|item| &item.key);
    let next = match here {
        Some(here) => around(&keys, here, forward),
        None => keys.first(),
    };
    match next {
        Some(key) => model.drawing.select(key.clone()),
        None if search.is_empty() => model.say(Ok("nothing here is in trouble".to_owned())),
        None => model.say(Ok(format!("{search:?} is not in what is drawn"))),
    }
}

/// The next of a list after one of it, around the end; the first where it is not in the list.
pub(super) fn around<'a, T: PartialEq>(all: &'a [T], here: &T, forward: bool) -> Option<&'a T> {
    let count = all.len();
    let next = match (all.iter().position(|one| one == here), forward) {
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
        (None, true) => 0,
        (None, false) => count.checked_sub(1)?,
    };
    all.get(next)
}

/// While a search is written: selects the first box that it finds, unless the selected one is.
pub(super) fn find(model: &mut Model, text: &str) {
    super::matrix::find(model, text);
    let Some(drawn) = model.drawn().filter(|_| !text.is_empty()) else { return };
    let found = drawn.matches(text);
    let here = model.drawing.selected().and_then(|key| boxed(drawn, key)).map(|item| &item.key);
    let stays = here.is_some_and(|here| found.contains(here));
    if let Some(key) = found.into_iter().next().filter(|_| !stays) {
        model.drawing.select(key);
    }
}

/// A search was written to its end: what it finds nowhere in the drawing, but in the graph, is
/// shown with its neighbours.
pub(super) fn found(model: &mut Model) -> Vec<Effect> {
    let text = model.list().map(|list| list.filter.to_lowercase()).unwrap_or_default();
    let Some(drawn) = model.drawn().filter(|_| !text.is_empty()) else { return Vec::new() };
    if !drawn.matches(&text).is_empty() {
        return Vec::new();
    }
    let all = model.picture.as_ref().map(|picture| picture.matrix.boxes.as_slice());
    let mut others = all.unwrap_or_default().iter();
    let found = others.find(|item| item.title.to_lowercase().contains(&text));
    if let Some(key) = found.map(|item| item.key.clone()) {
        return focus_on(model, key);
    }
    model.say(Ok(format!("nothing in the graph is called {text:?}")));
    Vec::new()
}

/// Goes to what is known of the selection.
fn enter(model: &mut Model) -> Vec<Effect> {
    let Some(subject) = model.subject() else { return Vec::new() };
    model.way.enter(subject.into());
    perform::arrive(model)
}

/// Shows the object behind the selection; of a call what decides where it goes.
fn yaml(model: &mut Model, picture: &Picture) -> Vec<Effect> {
    let snapshot = model.snapshot.as_ref();
    let subject = model.subject();
    let object = subject.and_then(|subject| describe::object(snapshot?, picture, &subject));
    if let Some(object) = object {
        return open::go_in(model, object, TextKind::Yaml);
    }
    model.say(Ok("no object is known for this".to_owned()));
    Vec::new()
}

/// The row of the call tree that says the same as the selection: the called node, below its
/// caller; of a node alone below the busiest one.
pub(super) fn row(model: &Model) -> Option<RowId> {
    let picture = model.picture.as_ref()?;
    let (node, calls) = match model.subject()? {
        Subject::Call(call) => {
            let calls = picture.calls(&call);
            (calls.first()?.target.clone(), calls)
        }
        Subject::Node(key) => {
            let node = picture.members(&key).first()?.id.clone();
            let edges = picture.graph.edges.iter();
            let calls = edges.filter(|edge| edge.target == node).collect();
            (node, calls)
        }
    };
    let busiest = calls.into_iter().max_by(|a, b| a.rate.total_cmp(&b.rate));
    let (node, way) = match busiest {
        Some(edge) => (&edge.target, format!("{}>{}", edge.source, edge.target)),
        None => (&node, node.to_string()),
    };
    Some(RowId::Node(Arc::clone(node), way.into()))
}

/// Copies the name of what is selected.
fn copy(model: &Model, picture: &Picture) -> Vec<Effect> {
    let key = match model.subject() {
        Some(Subject::Node(key)) => Some(key),
        Some(Subject::Call(call)) => Some(call.to),
        None => None,
    };
    let node = key.and_then(|key| picture.members(&key).into_iter().next());
    let text = node.map(|node| name::of(node).to_owned());
    text.map(|text| Effect::Copy(text.clone(), text)).into_iter().collect()
}

/// Selects a node or a call that was clicked; clicked again, goes in.
pub(super) fn click(model: &mut Model, target: Target) -> Vec<Effect> {
    let Some(picture) = model.drawn().and(model.picture.as_ref()).map(Arc::clone) else {
        return Vec::new();
    };
    let again = match (&target, model.drawing.edge()) {
        (Target::Node(key), None) => model.drawing.selected() == Some(key),
        (Target::Edge(edge), Some(selected)) => selected == edge,
        _ => false,
    };
    match target {
        _ if again => return enter(model),
        Target::Node(key) => model.drawing.select(key),
        Target::Edge(edge) => model.drawing.select_edge(&picture.drawn, edge),
    }
    Vec::new()
}

/// Only the neighbours of the selection, or everything again.
fn focus(model: &mut Model) -> Vec<Effect> {
    if model.wanted.drawn.focus.take().is_some() {
        return model.derive();
    }
    match model.drawing.selected().cloned() {
        Some(node) => focus_on(model, node),
        None => Vec::new(),
    }
}

/// Selects a node and shows only its neighbours.
pub(super) fn focus_on(model: &mut Model, node: NodeId) -> Vec<Effect> {
    model.drawing.select(node.clone());
    model.wanted.drawn.focus = Some(Focus { node, hops: 1 });
    model.derive()
}

/// One call more around what is focused on: by the user, or at first because there is so much.
fn wider(model: &mut Model, picture: &Picture) -> Vec<Effect> {
    let wanted = model.wanted.drawn.focus.clone();
    let Some(mut focus) = wanted.or_else(|| picture.drawn.focus.clone()) else {
        return focus(model);
    };
    focus.hops = (focus.hops + 1).min(MOST_HOPS);
    model.say(Ok(format!("neighbours up to {} calls away", focus.hops)));
    model.wanted.drawn.focus = Some(focus);
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
