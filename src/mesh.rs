//! The mesh: the immutable picture that every screen and every report reads.
//!
//! Everything below this module is pure: no clock, no network, no terminal. What comes in are
//! [`Objects`] (from the Kubernetes API or from files) and [`telemetry`] rows (from Prometheus);
//! what comes out are answers: the inventory, the graph, health, splits, routes, findings.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

mod by_labels;
pub mod check;
pub mod config;
pub mod core;
pub mod expectation;
pub mod findings;
pub mod gateways;
pub mod graph;
pub mod harmless;
pub mod health;
pub mod host;
pub mod inventory;
pub mod kind;
pub mod object;
pub mod objects;
pub mod routing;
pub mod split;
pub mod status;
pub mod telemetry;
pub mod traffic;
pub mod words;

pub use kind::Kind;
pub use object::{Key, ObjectRef};
pub use objects::Objects;
pub use status::{KindState, Ready, SourceState, SourceStatus, Trouble};

/// Which namespaces are asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    /// Every namespace.
    All,
    /// These, sorted; never empty.
    Namespaces(Vec<Arc<str>>),
    /// The namespace of the kubeconfig's context, not known yet.
    #[default]
    Unset,
}

impl Scope {
    /// Whether a namespace is asked about; [`Scope::Unset`] contains none.
    pub fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Namespaces(names) => names.iter().any(|name| &**name == namespace),
            Self::Unset => false,
        }
    }
}

/// The state of a mesh at one moment. Immutable: `source` makes a new one, latest wins.
#[derive(Debug, Clone, Default)]
pub struct MeshSnapshot {
    /// Grows by one with every snapshot of a run.
    pub generation: u64,
    /// When it was put together.
    pub taken_at: Timestamp,
    pub scope: Scope,
    /// The kubeconfig context, or what stands in its place (`demo`, the files' names).
    pub context: String,
    /// `gitVersion` of the API server, once known.
    pub server_version: Option<String>,
    pub kubernetes: SourceStatus,
    pub prometheus: SourceStatus,
    /// State of every kind that was asked for.
    pub kinds: BTreeMap<Kind, KindState>,
    pub objects: Objects,
    /// The latest telemetry; `None` until the first answer, or when turned off.
    pub telemetry: Option<Arc<telemetry::Telemetry>>,
}
