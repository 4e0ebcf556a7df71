//! What the deciding proxies counted: requests per service, source and destination workload.
//!
//! Only `source` and `waypoint` reports count: the proxy that drew the destination speaks. A
//! receiver would count retries and mirrored copies as requests of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::mesh::host;
use crate::mesh::object::Key;
use crate::mesh::telemetry::{CountRow, Reporter};

/// Counts of every service that was called within the window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    pub services: BTreeMap<Key, ServiceCounts>,
}

/// Counts of one service by who called.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceCounts {
    /// By namespace and name of the calling workload; the key is empty for callers that nobody
    /// knows.
    pub sources: BTreeMap<Key, SourceCounts>,
}

/// Counts of one source's calls to one service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceCounts {
    /// By namespace and name of the workload that served.
    pub workloads: BTreeMap<Key, WorkloadCounts>,
    /// No version served it: no healthy upstream, no cluster, no route.
    pub unrouted: u64,
    /// Aborted by an injected fault before a destination was drawn.
    pub faults: u64,
    /// Most scrapes that any series of it has in the window.
    pub scrapes: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkloadCounts {
    pub requests: u64,
    /// Answers with 4xx, 5xx or none.
    pub errors: u64,
}

impl Observed {
    /// Adds up the rows of a refresh. TCP has no requests and is passed over.
    pub fn of(rows: &[CountRow]) -> Self {
        let mut observed = Self::default();
        for row in rows {
            if row.flow.reporter == Reporter::Destination || &*row.flow.protocol == "tcp" {
                continue;
            }
            let Some(service) = called(row) else { continue };
            let counts = observed.services.entry(service).or_default();
            let source = end(row.flow.source.namespace.as_ref(), row.flow.source.workload.as_ref());
            let counts = counts.sources.entry(source.unwrap_or_default()).or_default();
            counts.scrapes = counts.scrapes.max(row.scrapes);
            let to = &row.flow.destination;
            match end(to.namespace.as_ref(), to.workload.as_ref()) {
                Some(workload) => {
                    let counts = counts.workloads.entry(workload).or_default();
                    counts.requests += row.requests;
                    counts.errors += if failed(&row.code) { row.requests } else { 0 };
                }
                None if row.flags.split(',').any(|flag| flag == "FI") => {
                    counts.faults += row.requests;
                }
                None => counts.unrouted += row.requests,
            }
        }
        observed
    }
}

/// The service that was called: by its labels, else by its host. What is no service of the
/// cluster (an external host, passthrough) has no versions to split over.
fn called(row: &CountRow) -> Option<Key> {
    let called = &row.flow.service;
    if let Some((name, namespace)) = called.host.as_deref().and_then(host::service_of) {
        return Some(Key::new(namespace, name));
    }
    end(called.namespace.as_ref(), called.name.as_ref())
}

fn end(namespace: Option<&Arc<str>>, name: Option<&Arc<str>>) -> Option<Key> {
    Some(Key { namespace: namespace.cloned()?, name: name.cloned()? })
}

fn failed(code: &str) -> bool {
    code.starts_with(['4', '5']) || matches!(code, "0" | "-")
}

impl ServiceCounts {
    /// Requests by workload, over all sources that `keep` lets through.
    pub fn by_workload(&self, keep: impl Fn(&Key) -> bool) -> BTreeMap<Key, WorkloadCounts> {
        let mut all: BTreeMap<Key, WorkloadCounts> = BTreeMap::new();
        for counts in self.sources.iter().filter(|(key, _)| keep(key)).map(|(_, counts)| counts) {
            for (workload, found) in &counts.workloads {
                let sum = all.entry(workload.clone()).or_default();
                sum.requests += found.requests;
                sum.errors += found.errors;
            }
        }
        all
    }

    /// Requests that no version served.
    pub fn unrouted(&self) -> u64 {
        self.sources.values().map(|counts| counts.unrouted).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::telemetry::{Called, End, Flow};

    fn row(
        reporter: Reporter,
        to: Option<&str>,
        flags: &str,
        code: &str,
        requests: u64,
    ) -> CountRow {
        let end = |name: &str| End {
            namespace: Some("n".into()),
            workload: Some(name.into()),
            ..End::default()
        };
        CountRow {
            flow: Flow {
                reporter,
                source: end("front"),
                destination: to.map(end).unwrap_or_default(),
                service: Called {
                    host: Some("reviews.n.svc.cluster.local".into()),
                    ..Called::default()
                },
                protocol: "http".into(),
            },
            code: code.into(),
            flags: flags.into(),
            requests,
            scrapes: 4,
        }
    }

    #[test]
    fn only_who_decided_counts_and_failures_stand_apart() {
        let observed = Observed::of(&[
            row(Reporter::Source, Some("v1"), "-", "200", 80),
            row(Reporter::Source, Some("v1"), "-", "503", 5),
            row(Reporter::Destination, Some("v1"), "-", "200", 99),
            row(Reporter::Source, None, "UH", "503", 7),
            row(Reporter::Source, None, "DI,FI", "500", 3),
        ]);
        let service = &observed.services[&Key::new("n", "reviews")];
        let counts = service.by_workload(|_| true)[&Key::new("n", "v1")];
        assert_eq!((counts.requests, counts.errors, service.unrouted()), (85, 5, 7));
        assert_eq!(service.sources[&Key::new("n", "front")].faults, 3);
    }
}
