//! Configured weights beside observed shares, and whether they agree.
//!
//! What is configured comes from the routing engine, what is observed from integer request
//! counts of the deciding proxies; the judgement is statistics of its own. The unit is one
//! service; a view is made for every service with more than one version or with a rule.

use std::sync::Arc;

use serde::Serialize;

use super::graph::Latency;
use super::kind::Kind;
use super::object::Key;
use super::status::Ready;

mod numerics;
pub mod observe;
pub mod verdict;
mod view;

pub use view::{graph_options, view, views};

/// One service's split, in the shape of the JSON contract.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitView {
    pub service: Key,
    /// The rule that sets the weights; `None` when none does.
    pub source_rule: Option<RuleName>,
    /// Sorted by subset and version.
    pub versions: Vec<SplitVersion>,
    pub unrouted: Unrouted,
    pub verdict: Verdict,
    /// The verdict in a sentence or two of plain words.
    pub explanation: String,
    pub evidence: Evidence,
}

/// The object that holds a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleName {
    pub kind: Kind,
    #[serde(flatten)]
    pub key: Key,
}

/// One version of a service.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SplitVersion {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Arc<str>>,
    pub workloads: Vec<Arc<str>>,
    /// Percent of requests that the configuration sends here; `None` where it sets no weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured_percent: Option<f64>,
    /// Percent of the counted requests that went here; `None` without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_percent: Option<f64>,
    /// Requests within the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    /// Requests per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Latency>,
    pub pods: Ready,
}

/// Requests to the service that no version served.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Unrouted {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
}

/// Whether observation and configuration agree. Words of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every share lies within the tolerance of its weight, with the confidence asked for.
    Agrees,
    /// So much traffic that a difference is certain, but it is smaller than the tolerance.
    AgreesSmallDrift,
    /// The counts contradict the weights.
    Differs,
    /// Neither can be said yet.
    NotEnoughTraffic,
    /// A version without weight served requests.
    UnexpectedVersion,
    /// Some requests reached no version: shares are known only within bounds.
    PartFailing,
    /// The configuration sets no weights.
    NoWeights,
    /// Several rules with other shares apply, and the counts fit some mix of them.
    ConsistentMix,
    /// The configuration or the pods changed so lately that the window mixes old and new.
    Settling,
    /// There is no telemetry to judge by.
    Unknown,
}

impl Verdict {
    /// In a word or two.
    pub fn words(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::AgreesSmallDrift => "agrees, drifts",
            Self::Differs => "differs",
            Self::NotEnoughTraffic => "not enough traffic",
            Self::UnexpectedVersion => "unexpected version",
            Self::PartFailing => "part failing",
            Self::NoWeights => "no weights",
            Self::ConsistentMix => "fits a mix",
            Self::Settling => "settling",
            Self::Unknown => "unknown",
        }
    }

    /// Whether traffic contradicts the configuration.
    pub fn is_problem(self) -> bool {
        matches!(self, Self::Differs | Self::UnexpectedVersion)
    }
}

/// What the verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Evidence {
    /// Requests that were judged.
    pub requests: u64,
    /// Evidence against agreement; 100 and more contradicts it at the 1 % level, however often
    /// one looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_value: Option<f64>,
    /// Largest deviation of a share from its weight, in percent points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta_percent: Option<f64>,
    /// Requests after which agreement could be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_requests: Option<u64>,
    /// Seconds until then at the present rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_seconds: Option<f64>,
}
