//! What is known of a source, of a kind, and of any number that may be missing.

use jiff::Timestamp;
use serde::Serialize;

/// Something that went wrong, told so that a reader can act: what failed, why, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Trouble {
    /// What was being done, e.g. `list virtualservices.networking.istio.io in namespace "shop"`.
    pub what: String,
    /// The cause, in the words of whoever said it, e.g. `403 Forbidden: …`.
    pub why: String,
    /// What the reader can do about it; empty where nobody knows.
    pub hint: String,
}

impl Trouble {
    pub fn new(what: impl Into<String>, why: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), hint: hint.into() }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// State of a source, as the frame and the JSON contract name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// Nothing heard yet.
    #[default]
    Connecting,
    Ok,
    /// Some of what was asked for is missing.
    Partial,
    Unavailable,
    /// The user turned it off.
    Disabled,
}

/// State of the Kubernetes API or of Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceStatus {
    pub state: SourceState,
    /// What is wrong, when something is.
    pub trouble: Option<Trouble>,
    /// Since when the source has been in trouble.
    pub since: Option<Timestamp>,
    /// When data last came in: its age is what the frame shows.
    pub last_data: Option<Timestamp>,
    /// Where the source is reached: a URL without credentials, or a description of the way.
    pub address: String,
}

/// State of one watched kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KindState {
    /// Asked for, not answered yet.
    #[default]
    Pending,
    /// The table holds what the cluster has.
    Listed,
    /// The cluster does not serve this kind (its CRD is not installed).
    NotServed,
    /// A right is missing; the trouble names verb, resource and namespace.
    Forbidden(Trouble),
    /// It failed and is tried again; the table holds what was last seen.
    Failed(Trouble),
}

/// A fraction of pods (or containers) that are ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default, Hash, PartialOrd, Ord)]
pub struct Ready {
    pub ready: u32,
    pub total: u32,
}
