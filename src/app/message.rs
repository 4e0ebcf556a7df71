//! Everything that can happen to the explorer.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use jiff::Timestamp;

use super::doc::Doc;
use super::picture::Picture;
use super::route::Form;
use super::screen::{Place, Screen};
use crate::layout::scene::EdgeKey;
use crate::mesh::graph::NodeId;
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
    /// The mouse was moved with its button held: columns and rows.
    Drag(i32, i32),
    /// Time for what moves to move on.
    Tick,
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
    Node(NodeId),
    /// A line of the drawn graph.
    Edge(EdgeKey),
    /// A place of the matrix: who calls, who is called.
    Cell(NodeId, NodeId),
}
