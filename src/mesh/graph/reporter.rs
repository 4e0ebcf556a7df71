//! One reporter an edge: requests are counted by the proxy of either end and by waypoints, and
//! each counts them all.
//!
//! The source's proxy is preferred: it made the decision, counts a request once however often it
//! was retried, and sees what never arrived (no healthy upstream, no route, timeouts, injected
//! faults). Where it has counted nothing (callers without a proxy), the waypoint's word is taken,
//! then the destination's. The choice is made for a pair of workloads and a protocol as a whole,
//! so reporters that disagree about codes or flags never add up.

use std::sync::Arc;

use foldhash::HashMap;

use super::Protocol;
use super::call::Call;
use crate::mesh::telemetry::{End, Reporter};

/// A pair of ends between which one reporter counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    source: Place,
    destination: Place,
    /// Tells calls apart that reached no workload.
    service: Option<Service>,
    protocol: Protocol,
}

/// Namespace and name.
type Service = (Option<Arc<str>>, Option<Arc<str>>);

/// Cluster, namespace, and workload or app.
type Place = [Option<Arc<str>>; 3];

impl Pair {
    pub(super) fn of(call: &Call) -> Self {
        let place = |end: &End| {
            let name = end.workload.as_ref().or(end.app.as_ref());
            [end.cluster.clone(), end.namespace.clone(), name.cloned()]
        };
        let service = || (call.service.namespace.clone(), call.service.name.clone());
        Self {
            source: place(&call.source),
            destination: place(&call.destination),
            service: call.is_unserved().then(service),
            protocol: call.protocol,
        }
    }
}

/// Who counts, pair by pair, for one metric.
#[derive(Default)]
pub(super) struct Choice {
    totals: HashMap<Pair, [Option<f64>; 3]>,
}

const PREFERENCE: [Reporter; 3] = [Reporter::Source, Reporter::Waypoint, Reporter::Destination];

impl Choice {
    /// Notes what a reporter counted.
    pub(super) fn note(&mut self, pair: Pair, reporter: Reporter, rate: f64) {
        let totals = self.totals.entry(pair).or_default();
        for (total, candidate) in totals.iter_mut().zip(PREFERENCE) {
            if candidate == reporter {
                *total = Some(total.unwrap_or_default() + rate);
            }
        }
    }

    /// The reporter of a pair: the first that counted anything, else the first that was there.
    pub(super) fn of(&self, pair: &Pair) -> Reporter {
        let Some(totals) = self.totals.get(pair) else { return Reporter::Source };
        let first = |fits: fn(f64) -> bool| {
            let mut found = PREFERENCE.into_iter().zip(totals);
            found.find(|(_, total)| total.is_some_and(fits)).map(|(reporter, _)| reporter)
        };
        first(|rate| rate > 0.0).or_else(|| first(|_| true)).unwrap_or_default()
    }
}
