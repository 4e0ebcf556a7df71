//! Everything that can happen to the explorer.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use jiff::Timestamp;

use super::doc::Doc;
use super::picture::Picture;
use super::route::Form;
use super::screen::{Place, Screen};
use crate::mesh::{MeshSnapshot, Trouble};

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// What time it is; comes before whatever happened then.
    Now(Timestamp),
    Key(KeyEvent),
    Paste(String),
    /// The mouse, already looked up in what the last frame showed.
    Click(Target),
    /// Lines down, negative up.
    Wheel(isize),
    Resize(u16, u16),
    /// The sources know more.
    Snapshot(Arc<MeshSnapshot>),
    /// What was asked for with [`super::Effect::Derive`].
    Derived(Arc<Picture>),
    /// What was asked for with [`super::Effect::Render`].
    Rendered(Place, Result<Doc, Trouble>),
    /// What was asked for with [`super::Effect::Ask`].
    Answered(Form, Result<Doc, Trouble>),
    /// The contexts of the kubeconfig: their names, and the current one first.
    Contexts(Result<Vec<String>, Trouble>),
    /// Something to tell that needs no place of its own.
    Said(Result<String, Trouble>),
}

/// What a click meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Tab(Screen),
    /// A row of the list or of the picker on top, by its position among those shown.
    Row(usize),
    /// A node of the drawn graph.
    Node(Arc<str>),
}
