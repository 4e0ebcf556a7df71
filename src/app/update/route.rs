//! The route debugger: its fields, and questions that come from other screens.

use crossterm::event::{Event, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::{drawn, perform};
use crate::app::effect::Effect;
use crate::app::list::RowId;
use crate::app::model::Model;
use crate::app::overlay::{Entry, Overlay, Picker, PickerKind};
use crate::app::route::{Field, host};
use crate::app::screen::{Place, Screen};
use crate::mesh::graph::{Graph, Node};
use crate::mesh::object::Key;

/// To the next field, or the one before.
pub(super) fn step(model: &mut Model, forward: bool) -> Vec<Effect> {
    model.route.at = model.route.at.step(forward);
    Vec::new()
}

/// Sets the field at hand and asks again.
pub(super) fn set(model: &mut Model, text: &str) -> Vec<Effect> {
    let field = model.route.at;
    model.route.form.set(field, text);
    changed(model)
}

fn changed(model: &mut Model) -> Vec<Effect> {
    model.route.top = 0;
    model.ask()
}

/// Step by step with every rule's reason, or in a paragraph of plain words.
pub(super) fn explain(model: &mut Model) -> Vec<Effect> {
    model.route.plain = !model.route.plain;
    changed(model)
}

/// Starts to write the field at hand.
pub(super) fn enter(model: &mut Model) -> Vec<Effect> {
    let field = model.route.at;
    match field {
        Field::From => choose(model, PickerKind::Caller),
        Field::To => choose(model, PickerKind::Called),
        Field::Method => {
            model.route.form.next_method();
            return changed(model);
        }
        Field::Path | Field::Headers => {
            let text = model.route.form.get(field).to_owned();
            model.overlay = Some(Overlay::Field(Input::new(text)));
        }
    }
    Vec::new()
}

/// Opens what there is to choose from; other names may be typed.
fn choose(model: &mut Model, kind: PickerKind) {
    let mut entries = Vec::new();
    if let Some(picture) = &model.picture {
        let inventory = &picture.inventory;
        if kind == PickerKind::Caller {
            entries.extend(inventory.workloads.iter().map(|(id, workload)| {
                let about = match (workload.gateway, workload.meshed) {
                    (true, _) => "gateway",
                    (_, 0) => "not in the mesh",
                    _ => "",
                };
                Entry::new(format!("{}/{}", id.namespace, id.name), about)
            }));
        } else {
            entries.extend(
                inventory.services.values().map(|service| Entry::new(host(service), service.kind)),
            );
        }
    }
    let at = model.route.form.get(model.route.at).to_owned();
    model.overlay = Some(Overlay::Picker(Picker::new(kind, entries).starting_at(&at)));
}

/// A key while a field is written: `enter` keeps it, `esc` does not.
pub(super) fn key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Field(mut input)) = model.overlay.take() else { return Vec::new() };
    match event.code {
        KeyCode::Enter | KeyCode::Tab => {
            let effects = set(model, input.value());
            if event.code == KeyCode::Tab {
                step(model, true);
            }
            return effects;
        }
        KeyCode::Esc => return Vec::new(),
        _ => {
            input.handle_event(&Event::Key(event));
        }
    }
    model.overlay = Some(Overlay::Field(input));
    Vec::new()
}

/// Opens the debugger filled in with what is selected: a call, a service, a version, a pod.
pub(super) fn about_selected(model: &mut Model) -> Vec<Effect> {
    let listed = || model.list().and_then(|list| list.selected()).cloned();
    let selected = drawn::row(model).or_else(listed);
    let asked = selected.and_then(|row| question(model, &row));
    let Some((from, to)) = asked else {
        model.say(Ok("nothing is selected that a request could be sent to".to_owned()));
        return Vec::new();
    };
    let form = &mut model.route.form;
    if let Some(from) = from {
        form.from = from;
    }
    if let Some(to) = to {
        form.to = to;
    }
    model.route.answer = None;
    model.route.top = 0;
    model.way.enter(Place::Screen(Screen::Route));
    perform::arrive(model)
}

/// Source and target that a row speaks of.
fn question(model: &Model, row: &RowId) -> Option<(Option<String>, Option<String>)> {
    let picture = model.picture.as_ref()?;
    let service = |key: &Key| picture.inventory.services.get(key).map(host);
    match row {
        RowId::Service(key) | RowId::Version(key, _) => Some((None, Some(service(key)?))),
        RowId::Pod(key) => Some((Some(format!("{}/pod/{}", key.namespace, key.name)), None)),
        RowId::Node(id, way) => {
            let called = node(&picture.graph, id)?;
            let key = Key::new(
                called.namespace.as_ref()?,
                called.service.as_ref().or(called.app.as_ref())?,
            );
            let caller = way.rsplit('>').nth(1).and_then(|id| node(&picture.graph, id));
            let workload = |node: &Node| {
                let name = node.workload.clone().or_else(|| {
                    let namespace = node.namespace.as_ref()?;
                    let mut known = picture.inventory.workloads.iter();
                    let found = known.find(|(id, workload)| {
                        id.namespace == *namespace
                            && node.app.as_deref() == Some(&*workload.app)
                            && (node.version.is_none() || node.version == workload.version)
                    })?;
                    Some(found.0.name.clone())
                })?;
                Some(format!("{}/{name}", node.namespace.as_ref()?))
            };
            Some((caller.and_then(workload), service(&key)))
        }
        RowId::Namespace(_) | RowId::Object(..) | RowId::Words(_) => None,
    }
}

fn node<'a>(graph: &'a Graph, id: &str) -> Option<&'a Node> {
    graph.nodes.iter().find(|node| &*node.id == id)
}
