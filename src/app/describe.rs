//! Objects as text: YAML as the cluster has it, or in words with what belongs to them.

use jiff::Timestamp;

use super::doc::{self, Doc};
use super::drawing::Subject;
use super::list::{RowId, Tone};
use super::picture::Picture;
use super::screen::{Place, TextKind};
use crate::mesh::findings::line_of;
use crate::mesh::{MeshSnapshot, ObjectRef, Trouble};
use crate::report;

mod call;
mod deciding;
mod node;
mod parts;
mod pod;
mod service;
mod sheet;

/// Columns of the text of a place.
const PAGE: usize = 100;

/// The text of a place; what went wrong where there is none.
pub fn text(
    snapshot: &MeshSnapshot,
    picture: Option<&Picture>,
    place: &Place,
    now: Timestamp,
) -> Result<Doc, Trouble> {
    match place {
        Place::Object(object, TextKind::Yaml) => yaml(snapshot, object, ""),
        Place::Line(object, path) => yaml(snapshot, object, path),
        Place::Rule(code) => Ok(doc::plain(&report::findings::explain(code)?)),
        Place::Object(object, TextKind::Detail) => {
            let told = Told { snapshot, picture, now };
            detail(&told, object)
        }
        Place::Node(id) => {
            let told = Told { snapshot, picture, now };
            node::describe(&told, id, PAGE).ok_or_else(|| not_in_graph(id))
        }
        Place::Call(call) => {
            let told = Told { snapshot, picture, now };
            let name = || format!("the calls from {} to {}", call.from, call.to);
            call::describe(&told, call, PAGE).ok_or_else(|| not_in_graph(&name()))
        }
        Place::Screen(_) => Ok(Doc::default()),
    }
}

/// What is known of what is selected in the graph, in lines of so many cells or little more.
pub fn subject(
    snapshot: &MeshSnapshot,
    picture: &Picture,
    subject: &Subject,
    cells: usize,
) -> Option<Doc> {
    let told = Told { snapshot, picture: Some(picture), now: snapshot.taken_at };
    match subject {
        Subject::Node(key) => node::describe(&told, key, cells),
        Subject::Call(call) => call::describe(&told, call, cells),
    }
}

/// The object that stands behind what is selected in the graph: the service or workload of a
/// node, of a call what decides where it goes.
pub fn object(snapshot: &MeshSnapshot, picture: &Picture, subject: &Subject) -> Option<ObjectRef> {
    match subject {
        Subject::Node(key) => node::object(picture, key),
        Subject::Call(call) => call::object(&snapshot.objects, picture, call),
    }
}

fn not_in_graph(what: &str) -> Trouble {
    Trouble::new(
        format!("show {what}"),
        "it is not in the graph any more",
        "esc goes back; a longer window (w) may show it again",
    )
}

/// What descriptions are made from.
struct Told<'a> {
    snapshot: &'a MeshSnapshot,
    picture: Option<&'a Picture>,
    now: Timestamp,
}

fn gone(object: &ObjectRef) -> Trouble {
    Trouble::new(
        format!("show {object}"),
        "the cluster does not have it (any more), or it may not be read",
        "esc goes back",
    )
}

/// The object as YAML; the line of `path` is marked, or the nearest part of it that is there.
fn yaml(snapshot: &MeshSnapshot, object: &ObjectRef, path: &str) -> Result<Doc, Trouble> {
    let raw = snapshot.objects.raw(object).ok_or_else(|| gone(object))?;
    let text = serde_saphyr::to_string(&raw.value()).map_err(|error| {
        Trouble::new(format!("write {object} as YAML"), error.to_string(), "d shows it in words")
    })?;
    let marked = (!path.is_empty()).then(|| line_of(&text, 1, path).saturating_sub(1) as usize);
    Ok(Doc { marked, ..doc::yaml(&text) })
}

fn detail(told: &Told<'_>, object: &ObjectRef) -> Result<Doc, Trouble> {
    let raw = told.snapshot.objects.raw(object).ok_or_else(|| gone(object))?;
    let mut doc = Doc::default();
    let value = raw.value();
    parts::metadata(&mut doc, object, &value, told.now);
    pod::describe(&mut doc, told, object);
    service::describe(&mut doc, told, object);
    if let Some(picture) = told.picture {
        let row = RowId::of(object);
        parts::findings(&mut doc, picture, &picture.marks.row(&row, &picture.graph));
    }
    parts::conditions(&mut doc, &value);
    parts::events(&mut doc, told, object);
    if doc.lines.is_empty() {
        doc.push(vec![(Tone::Dim, "nothing more is known; y shows the YAML".to_owned())]);
    }
    Ok(doc)
}
