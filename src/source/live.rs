//! The picture that stays current: what the explorer holds in its hand.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::mesh::graph::GraphOptions;
use crate::mesh::{MeshSnapshot, Scope};

/// What the user changes while it runs.
#[derive(Debug, Clone)]
pub enum Control {
    SetScope(Scope),
    /// Another context of the kubeconfig; tables empty until it answers.
    SetContext(String),
    SetWindow(Duration),
    /// Telemetry as of then; `None` is now.
    SetTime(Option<Timestamp>),
    SetRefresh(Duration),
    /// Which rates the graph shows.
    SetGraph(GraphOptions),
    /// Whether latency is asked for; it is the dearest question.
    WantLatency(bool),
    /// Whether request counts from raw samples are asked for, for splits.
    WantCounts(bool),
    /// Whether Events are watched.
    WantEvents(bool),
    /// Ask telemetry now, and try what failed again at once.
    Refresh,
    /// Stops asking and publishing; the watches stay.
    Pause,
    Resume,
}

/// A running source. Dropping it stops every task behind it.
#[derive(Debug)]
pub struct Live {
    /// The latest snapshot; the first is empty, with its sources connecting.
    pub snapshots: watch::Receiver<Arc<MeshSnapshot>>,
    /// Bounded: `try_send` from a screen, never a wait.
    pub control: mpsc::Sender<Control>,
}
