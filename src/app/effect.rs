//! Everything the explorer may ask of the world. `update` returns these; the loop performs them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::picture::{Picture, Wanted};
use super::route::Form;
use super::screen::Place;
use crate::mesh::graph::GraphOptions;
use crate::mesh::{MeshSnapshot, Scope};
use crate::source::LatencyBy;

/// One thing to be done.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Work out what the screens show, after the picture so far; answered by
    /// [`super::Msg::Derived`].
    Derive(Arc<MeshSnapshot>, Wanted, Option<Arc<Picture>>),
    /// Write the text of a place; answered by [`super::Msg::Rendered`].
    Render(Arc<MeshSnapshot>, Option<Arc<Picture>>, Place),
    /// Work out what becomes of a request, step by step or (`true`) in a paragraph of plain
    /// words; answered by [`super::Msg::Answered`].
    Ask(Arc<MeshSnapshot>, Form, bool),
    /// Read the contexts of the kubeconfig; answered by [`super::Msg::Contexts`].
    ListContexts,
    SetScope(Scope),
    SetContext(String),
    SetWindow(Duration),
    /// Telemetry as of then; `None` for now.
    SetTime(Option<Timestamp>),
    /// What the sources are asked beyond what is always asked.
    Want(Wants),
    /// Which rates the graph shows: other rates are other queries.
    SetGraph(GraphOptions),
    Refresh,
    /// Put a text on the clipboard; the second part says what it is.
    Copy(String, String),
    Mouse(bool),
    Repaint,
    Suspend,
    Quit,
}

/// What only some screens need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    pub latency: Option<LatencyBy>,
    pub throughput: bool,
    pub counts: bool,
    pub events: bool,
}
