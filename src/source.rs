//! What brings the outside in, and its status: the Kubernetes API, Prometheus, files.
//!
//! Two ways in: [`once()`] for a command that asks and ends, [`start`] for
//! a picture that stays current. Both give [`MeshSnapshot`](crate::mesh::MeshSnapshot)s.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::mesh::{Kind, Scope, Trouble};

pub mod assemble;
pub mod files;
pub mod kube;
pub mod live;
pub mod once;
pub mod prometheus;
mod split;
pub mod walk;

pub use self::kube::{Contexts, KubeOptions, contexts};
pub use live::{Control, Live, start};
pub use once::once;
pub use prometheus::{LatencyBy, PrometheusOptions, TelemetryRequest};
pub use walk::walk;

/// Where everything comes from.
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// `None` turns the cluster off (`--no-cluster`).
    pub kube: Option<KubeOptions>,
    /// Manifests that take the place of the cluster: files, folders, or `-` for stdin. When this
    /// is not empty, no cluster is asked.
    pub files: Vec<PathBuf>,
    pub metrics: Metrics,
    /// [`Scope::Unset`] stands for the namespace of the kubeconfig's context.
    pub scope: Scope,
    /// Rates are averages over this long.
    pub window: Duration,
    /// How often telemetry is asked again.
    pub refresh: Duration,
    /// The instant telemetry is asked for; `None` is now.
    pub time: Option<Timestamp>,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            kube: Some(KubeOptions::default()),
            files: Vec::new(),
            metrics: Metrics::InCluster,
            scope: Scope::Unset,
            window: Duration::from_secs(60),
            refresh: Duration::from_secs(5),
            time: None,
        }
    }
}

/// Where telemetry comes from.
#[derive(Debug, Clone, Default)]
pub enum Metrics {
    /// Not asked (`--no-metrics`).
    Off,
    Url(Box<PrometheusOptions>),
    /// A Prometheus in the cluster, found by its Service and asked through the API server.
    #[default]
    InCluster,
}

/// Which part of the cluster a kind is listed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The root namespace only (the ConfigMap `istio`).
    Root,
    /// The namespaces of the scope.
    Scope,
    /// The namespaces of the scope and the root namespace, where gateways usually live.
    ScopeAndRoot,
    /// All namespaces; where that is not allowed, those of the scope and the root namespace.
    Everywhere,
}

/// What a command needs; nothing more is asked.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    pub kinds: BTreeMap<Kind, Reach>,
    /// Its scope, window and time are replaced by those of the options.
    pub telemetry: Option<TelemetryRequest>,
}

impl Needs {
    /// These kinds, each with the reach that suits most questions: workloads in the scope,
    /// mesh configuration everywhere.
    pub fn kinds(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let kinds = kinds.into_iter().map(|kind| (kind, kube::catalog::reach(kind)));
        Self { kinds: kinds.collect(), telemetry: None }
    }

    /// The same, with another reach for some kinds.
    #[must_use]
    pub fn with(mut self, reach: Reach, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.kinds.extend(kinds.into_iter().map(|kind| (kind, reach)));
        self
    }

    /// The same, with telemetry.
    #[must_use]
    pub fn with_telemetry(mut self, request: TelemetryRequest) -> Self {
        self.telemetry = Some(request);
        self
    }
}

/// Whose fault it is that there is no answer; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A file (`-f`) cannot be understood: exit code 65.
    Input,
    /// A source cannot be reached or does not allow it: exit code 1.
    Source,
}

/// Why there is no answer at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub fault: Fault,
    pub trouble: Trouble,
}

impl Failure {
    pub fn input(trouble: Trouble) -> Self {
        Self { fault: Fault::Input, trouble }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self { fault: Fault::Source, trouble }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.trouble.fmt(f)
    }
}

impl std::error::Error for Failure {}
