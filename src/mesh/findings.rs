//! What is wrong with a configuration: istioctl's codes, Kiali's, and Vigla's own.
//!
//! One file a rule under `rules/`, one registry ([`rules::RULES`]). All rules share an
//! [`index::Index`], which notes what each of them reads: [`Analyzer`] runs a rule again only
//! where something changed that it read, and a rule about single objects only for those that
//! changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::kind::Kind;
use super::object::{Key, Meta, ObjectRef, Origin, Resource};
use super::{KindState, Objects, Scope};

mod analyzer;
pub mod annotations;
pub mod certificates;
mod counts;
pub mod destinations;
pub mod envoy_patches;
pub mod evidence;
pub mod go_text;
pub mod index;
mod lines;
pub mod options;
pub mod overlap;
pub mod ports;
pub mod rule;
pub mod rules;
pub mod schema;
pub mod workloads;

pub use analyzer::{Analyzer, analyze};
pub use counts::Counts;
pub use evidence::Evidence;
pub use lines::line_of;
pub use options::{Suppression, parse_suppression, parse_threshold};
pub use rule::{Example, Rule};

/// How bad a finding is; the worst sorts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Error,
    Warning,
    Info,
}

impl Level {
    /// What says the level where there is no room for the word.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Error => "✕",
            Self::Warning => "▲",
            Self::Info => "○",
        }
    }

    /// `Error`, `Warning` or `Info`, as istioctl prints it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::Warning => "Warning",
            Self::Info => "Info",
        }
    }
}

/// What a finding is about: an object, or a part of the mesh configuration that is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// The `kind` field, e.g. `VirtualService`, or `MeshNetworks`.
    pub kind: &'static str,
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    pub name: Arc<str>,
}

impl Subject {
    /// The object, where it is of a kind that is read.
    pub fn reference(&self) -> Option<ObjectRef> {
        let api = if self.group.is_empty() { "v1".into() } else { format!("{}/v1", self.group) };
        let kind = Kind::of(&api, self.kind)?;
        let key = Key { namespace: Arc::clone(&self.namespace), name: Arc::clone(&self.name) };
        Some(ObjectRef { kind, key })
    }

    /// The namespace a filter looks at: a Namespace counts as being in itself.
    pub fn home(&self) -> &str {
        if self.kind == "Namespace" { &self.name } else { &self.namespace }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `IST0101`, `KIA0505`, `VGL0001`.
    pub code: &'static str,
    pub level: Level,
    pub object: Option<Subject>,
    pub message: String,
    /// Where in the object, e.g. `spec.http[0].route[1].destination.host`.
    pub path: Option<String>,
    /// The file the object came from.
    pub file: Option<Arc<str>>,
    /// Line of the path in that file, or of the document, from 1.
    pub line: Option<u32>,
    /// Where the code is documented.
    pub docs: &'static str,
}

impl Finding {
    /// The order of a report: level, code, object, text, place.
    fn order(&self) -> impl Ord + '_ {
        (self.level, self.code, &self.object, &self.message, &self.path)
    }
}

/// A rule, or a part of one, that could not be decided, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Withheld {
    pub code: &'static str,
    pub reason: String,
}

/// The answer to an analysis.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Sorted: errors first, then by code and object.
    pub findings: Vec<Finding>,
    pub withheld: Vec<Withheld>,
}

impl Report {
    /// Whether a finding is at least as bad as `threshold`.
    pub fn reaches(&self, threshold: Level) -> bool {
        self.findings.iter().any(|finding| finding.level <= threshold)
    }

    /// Those about objects of a namespace, and about the namespace itself.
    pub fn of_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Finding> {
        let here = move |finding: &&Finding| {
            finding.object.as_ref().is_some_and(|object| object.home() == namespace)
        };
        self.findings.iter().filter(here)
    }

    /// What this report has and `before` has not: what a change brings.
    pub fn beyond(&self, before: &Self) -> Vec<&Finding> {
        let known: BTreeSet<_> =
            before.findings.iter().map(|f| (f.code, &f.object, &f.message)).collect();
        self.findings.iter().filter(|f| !known.contains(&(f.code, &f.object, &f.message))).collect()
    }
}

/// Where the objects come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// A cluster: what is not there does not exist.
    #[default]
    Cluster,
    /// Files: controllers have not run, so there may be Deployments without Pods.
    Files,
}

/// What is analysed, and how.
#[derive(Debug, Clone, Copy)]
pub struct FindingInput<'a> {
    pub objects: &'a Objects,
    pub source: Source,
    /// Findings on objects elsewhere are left out; all objects are looked at all the same.
    /// [`Scope::Unset`] leaves nothing out.
    pub scope: &'a Scope,
    pub suppressions: &'a [Suppression],
    /// Whether the contents of Secrets may be looked at on a cluster.
    pub read_secrets: bool,
    /// What became of reading each kind; a rule that needs a kind that may not be read is
    /// withheld. An absent kind counts as read.
    pub kinds: &'a BTreeMap<Kind, KindState>,
    /// The time to judge certificates by; without it they are not judged.
    pub now: Option<Timestamp>,
    /// What traffic says; empty when nothing is known.
    pub evidence: &'a Evidence,
    /// Text of the files by name, for line numbers.
    pub texts: &'a BTreeMap<Arc<str>, String>,
}

impl<'a> FindingInput<'a> {
    /// Objects of a cluster, everything at its default.
    pub fn new(objects: &'a Objects) -> Self {
        static KINDS: BTreeMap<Kind, KindState> = BTreeMap::new();
        static TEXTS: BTreeMap<Arc<str>, String> = BTreeMap::new();
        Self {
            objects,
            source: Source::default(),
            scope: &Scope::All,
            suppressions: &[],
            read_secrets: false,
            kinds: &KINDS,
            now: None,
            evidence: Evidence::NONE,
            texts: &TEXTS,
        }
    }

    /// The same from files, whose Secrets are the user's own to read.
    pub fn files(objects: &'a Objects) -> Self {
        Self { source: Source::Files, read_secrets: true, ..Self::new(objects) }
    }

    /// Namespaces that istioctl passes over: from files everything in them, from a cluster
    /// their Services, Pods and the Namespace itself.
    fn ignores(&self, kind: Kind, meta: &Meta) -> bool {
        const IGNORED: &[&str] =
            &["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];
        let home = if kind == Kind::Namespace { &meta.name } else { &meta.namespace };
        IGNORED.contains(&&**home)
            && (self.source == Source::Files
                || matches!(kind, Kind::Namespace | Kind::Pod | Kind::Service))
    }
}

/// Kind, metadata and origin of an object, whatever its narrow part.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub kind: Kind,
    pub meta: &'a Meta,
    pub origin: Option<&'a Origin>,
}

impl<'a, T> From<&'a Resource<T>> for About<'a> {
    fn from(object: &'a Resource<T>) -> Self {
        Self { kind: object.kind, meta: &object.meta, origin: object.raw.origin.as_ref() }
    }
}

impl About<'_> {
    fn subject(&self) -> Subject {
        let info = self.kind.info();
        Subject {
            kind: info.name,
            group: info.group,
            namespace: Arc::clone(&self.meta.namespace),
            name: Arc::clone(&self.meta.name),
        }
    }
}

#[cfg(test)]
mod tests;
