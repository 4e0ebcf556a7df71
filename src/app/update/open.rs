//! Going in: from a row to what it stands for.

use std::sync::Arc;

use super::{choose, perform};
use crate::app::action::Action;
use crate::app::describe;
use crate::app::drawing::Subject;
use crate::app::effect::Effect;
use crate::app::list::{RowId, Value};
use crate::app::model::Model;
use crate::app::overlay::Overlay;
use crate::app::screen::{Place, Screen, TextKind};
use crate::mesh::object::Key;
use crate::mesh::{Kind, ObjectRef, Scope, Trouble};

/// What `enter` does.
pub(super) fn enter(model: &mut Model) -> Vec<Effect> {
    let Some(selected) = model.list().and_then(|list| list.selected()).cloned() else {
        return Vec::new();
    };
    if let RowId::Namespace(name) = selected {
        let scope = Scope::Namespaces(vec![name]);
        model.way.enter(Place::Screen(Screen::Services));
        let mut effects = perform::arrive(model);
        effects.extend(choose::scope(model, scope));
        return effects;
    }
    if let Some((object, path)) = finding_at(model, &selected) {
        model.way.enter(Place::Line(object, path));
        return perform::arrive(model);
    }
    if let RowId::Node(id, _) = selected {
        model.way.enter(Place::Node(id));
        return perform::arrive(model);
    }
    match object(model, &selected) {
        Some(object) => go_in(model, object, TextKind::Detail),
        None => Vec::new(),
    }
}

/// Shows the selected object as text, or the text at hand in the other form.
pub(super) fn text(model: &mut Model, action: Action) -> Vec<Effect> {
    let here = match model.way.place().clone() {
        Place::Object(object, kind) => Some((object, kind)),
        Place::Line(object, _) => Some((object, TextKind::Yaml)),
        _ => None,
    };
    if let Some((object, kind)) = here {
        let other = match (action, kind) {
            (Action::Yaml, _) | (Action::TextForm, TextKind::Detail) => TextKind::Yaml,
            _ => TextKind::Detail,
        };
        model.way.replace(Place::Object(object, other));
        return model.render();
    }
    let kind = if action == Action::Yaml { TextKind::Yaml } else { TextKind::Detail };
    if let Some(object) = of_place(model) {
        return go_in(model, object, kind);
    }
    let selected = model.list().and_then(|list| list.selected()).cloned();
    if let Some(object) = selected.and_then(|selected| object(model, &selected)) {
        return go_in(model, object, kind);
    }
    model.say(Ok("no object is selected here".to_owned()));
    Vec::new()
}

/// The object of the selected finding, and where in it the finding is.
fn finding_at(model: &Model, row: &RowId) -> Option<(ObjectRef, Arc<str>)> {
    let finding = model.picture.as_ref()?.finding(row)?;
    let path = finding.path.as_deref()?;
    Some((finding.object.as_ref()?.reference()?, path.into()))
}

/// What the selected finding means; every key where none is selected.
pub(super) fn meaning(model: &mut Model) -> Vec<Effect> {
    let selected = model.list().and_then(|list| list.selected());
    let finding = selected.and_then(|row| model.picture.as_ref()?.finding(row));
    if let Some(code) = finding.map(|finding| finding.code) {
        model.way.enter(Place::Rule(code));
        return perform::arrive(model);
    }
    model.overlay = Some(Overlay::Help(0));
    Vec::new()
}

pub(super) fn go_in(model: &mut Model, object: ObjectRef, kind: TextKind) -> Vec<Effect> {
    model.way.enter(Place::Object(object, kind));
    perform::arrive(model)
}

/// The object behind what is told of a node or call of the graph.
fn of_place(model: &Model) -> Option<ObjectRef> {
    let subject = match model.way.place() {
        Place::Node(key) => Subject::Node(key.clone()),
        Place::Call(call) => Subject::Call(call.clone()),
        Place::Screen(_) | Place::Object(..) | Place::Line(..) | Place::Rule(_) => return None,
    };
    describe::object(model.snapshot.as_ref()?, model.picture.as_ref()?, &subject)
}

/// The object that a row stands for.
fn object(model: &Model, row: &RowId) -> Option<ObjectRef> {
    let of = |kind, key: &Key| Some(ObjectRef { kind, key: key.clone() });
    match row {
        RowId::Namespace(name) => of(Kind::Namespace, &Key::new("", name)),
        RowId::Service(key) | RowId::Version(key, _) => of(Kind::Service, key),
        RowId::Pod(key) => of(Kind::Pod, key),
        RowId::Object(object, _) if object.kind == Kind::Event => Some(involved(model, object)),
        RowId::Object(object, _) => Some(object.clone()),
        RowId::Node(id, _) => {
            let subject = Subject::Node(id.clone());
            describe::object(model.snapshot.as_ref()?, model.picture.as_ref()?, &subject)
        }
        RowId::Words(_) => None,
    }
}

/// What an event is about, if it is of a kind that is read; else the event itself.
fn involved(model: &Model, event: &ObjectRef) -> ObjectRef {
    let found = model.snapshot.as_ref().and_then(|snapshot| {
        let about = &snapshot.objects.events.get(&event.key)?.involved_object;
        let kind = Kind::of(&about.api_version, &about.kind)?;
        let object = ObjectRef { kind, key: Key::new(&about.namespace, &about.name) };
        snapshot.objects.raw(&object).is_some().then_some(object)
    });
    found.unwrap_or_else(|| event.clone())
}

/// The pods behind the selected row.
pub(super) fn pods(model: &mut Model) -> Vec<Effect> {
    let Some(picture) = model.picture.as_ref().map(Arc::clone) else { return Vec::new() };
    let Some(selected) = model.list().and_then(|list| list.selected()).cloned() else {
        return Vec::new();
    };
    let inventory = &picture.inventory;
    let (name, rows): (String, Vec<RowId>) = match &selected {
        RowId::Service(key) | RowId::Version(key, _) => {
            let workloads = inventory.services.get(key).map(|s| s.workloads.clone());
            let of = |id| inventory.workloads.get(&id).map(|w| w.pod_keys.clone());
            let pods = workloads.unwrap_or_default().into_iter().filter_map(of).flatten();
            (key.to_string(), pods.map(RowId::Pod).collect())
        }
        RowId::Namespace(name) => {
            let pods = inventory.pods.keys().filter(|key| key.namespace == *name);
            (name.to_string(), pods.cloned().map(RowId::Pod).collect())
        }
        RowId::Pod(_) | RowId::Object(..) | RowId::Node(..) | RowId::Words(_) => {
            return Vec::new();
        }
    };
    model.way.enter(Place::Screen(Screen::Pods));
    if let Some(table) = picture.table(Screen::Pods) {
        model.lists.entry(Screen::Pods).or_default().only(name, rows, table);
    }
    perform::arrive(model)
}

/// Copies what one would want to paste from here: a URL, a name, a whole text.
pub(super) fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match model.way.place() {
        Place::Screen(_) => model.with_list(|list, table| {
            let row = list.selected().and_then(|id| table.row(id))?;
            let url = row.cells.iter().find_map(|cell| match &cell.value {
                Value::Text(text) if text.contains("://") => Some(text.to_string()),
                _ => None,
            });
            url.or_else(|| Some(name(&row.id)))
        }),
        Place::Object(..) | Place::Node(_) | Place::Call(_) | Place::Line(..) | Place::Rule(_) => {
            match &model.text.text {
                Some(Ok(doc)) => Some(Some(doc.text())),
                _ => None,
            }
        }
    };
    if let Some(text) = text.flatten() {
        let lines = text.lines().count();
        let what = if lines > 1 { format!("{lines} lines") } else { text.clone() };
        return vec![Effect::Copy(text, what)];
    }
    model.say(Err(Trouble::new("copy", "nothing is selected", "")));
    Vec::new()
}

fn name(row: &RowId) -> String {
    match row {
        RowId::Namespace(name) | RowId::Words(name) | RowId::Node(name, _) => name.to_string(),
        RowId::Service(key) | RowId::Pod(key) | RowId::Version(key, _) => key.name.to_string(),
        RowId::Object(object, _) => object.key.name.to_string(),
    }
}

/// Sets the filter of the list at hand.
pub(super) fn filter(model: &mut Model, text: &str) {
    model.with_list(|list, table| {
        text.clone_into(&mut list.filter);
        list.renew(table);
    });
}
