//! What happens next: the one place where the model changes. Pure: no clock, no I/O, no task;
//! what must be done in the world is returned as effects.

use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyEventKind};

use super::doc::Doc;
use super::effect::{Effect, Wants};
use super::keymap::Chord;
use super::message::{Msg, Target};
use super::model::Model;
use super::overlay::{Entry, Overlay, Picker, PickerKind};
use super::picture::Picture;
use super::screen::{Place, Screen};
use crate::layout::selection::Target as Drawn;
use crate::mesh::{MeshSnapshot, Trouble};
use crate::source::LatencyBy;

mod choose;
mod command;
mod drawn;
mod matrix;
mod open;
mod over;
mod perform;
mod route;

/// Takes one message in and says what is to be done.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let before = wants(model);
    let mut effects = take_in(model, msg);
    let after = wants(model);
    if after != before {
        effects.push(Effect::Want(after));
    }
    effects
}

fn take_in(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Now(now) => {
            model.now = now;
            Vec::new()
        }
        Msg::Key(event) => key(model, event),
        Msg::Paste(text) => over::paste(model, &text),
        Msg::Click(target) => click(model, target),
        Msg::Wheel(by) => scroll(model, by),
        Msg::Drag(columns, rows) => {
            drawn::drag(model, columns, rows);
            Vec::new()
        }
        Msg::Tick => {
            model.drawing.flow = model.drawing.flow.map(|step| step.wrapping_add(1));
            Vec::new()
        }
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            // What is drawn to fit must fit again.
            model.derive()
        }
        Msg::Snapshot(snapshot) => take(model, snapshot),
        Msg::Derived(picture) => derived(model, picture),
        Msg::Rendered(place, text) => rendered(model, place, text),
        Msg::Answered(form, answer) => {
            if form == model.route.form {
                model.route.answer = Some(answer);
            }
            Vec::new()
        }
        Msg::Contexts(contexts) => listed(model, contexts),
        Msg::Said(what) => {
            model.say(what);
            Vec::new()
        }
    }
}

fn key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    if event.kind == KeyEventKind::Release {
        return Vec::new();
    }
    // Any key takes the message away, and still does what it does.
    model.message = None;
    if model.overlay.is_some() {
        return over::key(model, event);
    }
    match model.keymap.action(model.layers(), Chord::from(event)) {
        Some(action) => perform::perform(model, action),
        None => Vec::new(),
    }
}

fn click(model: &mut Model, target: Target) -> Vec<Effect> {
    match (target, &mut model.overlay) {
        (Target::Row(at), Some(Overlay::Picker(picker))) => {
            picker.select_at(at);
            Vec::new()
        }
        (_, Some(_)) => Vec::new(),
        (Target::Node(key), None) => drawn::click(model, Drawn::Node(key)),
        (Target::Edge(edge), None) => drawn::click(model, Drawn::Edge(edge)),
        (Target::Cell(from, to), None) => matrix::click(model, from, to),
        (Target::Tab(screen), None) => perform::go(model, screen),
        (Target::Row(at), None) => {
            // A second click on the same row goes in.
            let again = model.list().is_some_and(|list| list.position() == at);
            model.with_list(|list, table| list.select_at(table, at));
            if again { open::enter(model) } else { Vec::new() }
        }
    }
}

/// Moves down (negative: up) in whatever is on top.
fn scroll(model: &mut Model, by: isize) -> Vec<Effect> {
    match &mut model.overlay {
        Some(Overlay::Picker(picker)) => picker.step(by),
        Some(Overlay::Help(top) | Overlay::Queries(top) | Overlay::Messages(top)) => {
            *top = top.saturating_add_signed(by);
        }
        Some(Overlay::Filter(_) | Overlay::Field(_)) => {}
        None => drawn::scroll(model, by),
    }
    Vec::new()
}

fn take(model: &mut Model, snapshot: Arc<MeshSnapshot>) -> Vec<Effect> {
    if model.paused {
        model.held = Some(snapshot);
        return Vec::new();
    }
    model.snapshot = Some(snapshot);
    model.derive()
}

fn derived(model: &mut Model, picture: Arc<Picture>) -> Vec<Effect> {
    model.deriving = false;
    let newest = model.snapshot.as_ref().is_none_or(|s| s.generation <= picture.generation);
    let wanted = picture.wanted == model.wanted;
    model.picture = Some(picture);
    renew(model);
    let mut effects = if newest && wanted { Vec::new() } else { model.derive() };
    effects.extend(model.render());
    effects.extend(model.ask());
    effects
}

/// Brings the list at hand in line with the picture. Other lists are renewed when gone to.
fn renew(model: &mut Model) {
    model.with_list(super::list::ListState::renew);
    if let Some(picture) = &model.picture {
        model.drawing.renew(&picture.drawn);
    }
}

fn rendered(model: &mut Model, place: Place, text: Result<Doc, Trouble>) -> Vec<Effect> {
    if model.text.place.as_ref() == Some(&place) {
        let first = model.text.text.is_none();
        if let (true, Ok(doc)) = (first, &text) {
            // The line that is meant, with a few before it.
            model.text.top = doc.marked.map_or(0, |line| line.saturating_sub(model.page() / 3));
        }
        model.text.text = Some(text);
    }
    Vec::new()
}

fn listed(model: &mut Model, contexts: Result<Vec<String>, Trouble>) -> Vec<Effect> {
    let Some(Overlay::Picker(picker)) = &mut model.overlay else { return Vec::new() };
    if picker.kind == PickerKind::Context {
        match contexts {
            Ok(names) => {
                let entries = names.into_iter().map(|name| Entry::new(name, "")).collect();
                *picker = Picker::new(PickerKind::Context, entries);
            }
            Err(trouble) => picker.data = super::list::Data::Failed(trouble),
        }
    }
    Vec::new()
}

/// What is to be asked of the sources at the start.
pub fn start(model: &Model) -> Vec<Effect> {
    vec![Effect::Want(wants(model))]
}

/// What is shown needs this besides what is always asked.
fn wants(model: &Model) -> Wants {
    let place = model.way.place();
    Wants {
        latency: match place {
            Place::Screen(Screen::Pods | Screen::Gateways | Screen::Events) => None,
            Place::Screen(Screen::Overview) => Some(LatencyBy::Namespace),
            Place::Screen(Screen::Services) => Some(LatencyBy::Service),
            _ => Some(LatencyBy::Edge),
        },
        throughput: model.shows_throughput(),
        counts: *place == Place::Screen(Screen::Splits),
        events: *place == Place::Screen(Screen::Events) || place.screen().is_none(),
    }
}

/// Whether something on the screen moves by itself.
pub fn moves(model: &Model) -> bool {
    model.drawing.flow.is_some() && model.drawn().is_some() && model.overlay.is_none()
}

/// Whether the screen shows something that grows older by itself.
pub fn shows_ages(model: &Model) -> bool {
    model.snapshot.is_some() || matches!(model.way.place(), Place::Screen(Screen::Events))
}
