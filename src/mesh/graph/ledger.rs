//! The sums behind a graph while its rows are read: nodes and edges in the making.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::HashMap;

use super::identity::Identity;
use super::latency::Histogram;
use super::{Protocol, Throughput};
use crate::mesh::telemetry::End;

/// A node in the making.
#[derive(Debug, Default)]
pub(super) struct NodeDraft {
    pub identity: Identity,
    /// Workloads and versions that labels named for it.
    pub workloads: BTreeSet<Arc<str>>,
    pub versions: BTreeSet<Arc<str>>,
    pub apps: BTreeSet<Arc<str>>,
    /// A service node before the versions that serve it.
    pub injected: bool,
    pub waypoint: bool,
    /// Requests per second to this service, and how many of them no workload took.
    pub asked: f64,
    pub unserved: f64,
    /// Of what came in.
    pub measured: Measured,
}

/// What an edge carries, by class.
#[derive(Debug, Default)]
pub(super) struct EdgeDraft {
    pub rate: f64,
    pub rate_3xx: f64,
    pub rate_4xx: f64,
    pub rate_5xx: f64,
    /// gRPC errors.
    pub rate_err: f64,
    pub rate_no_response: f64,
    /// Code, flags and host.
    pub responses: BTreeMap<[Arc<str>; 3], f64>,
    /// The services that were called along this edge.
    pub services: BTreeSet<usize>,
    /// Rate under mutual TLS, and rate of which a receiver told either way.
    pub secured: f64,
    pub judged: f64,
    pub measured: Measured,
}

/// What histograms tell beside the rates.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub latency: Histogram,
    pub throughput: Throughput,
}

/// Source, target, protocol.
pub(super) type EdgeKey = (usize, usize, Protocol);

/// What one row adds to an edge.
pub(super) struct Entry<'a> {
    pub protocol: Protocol,
    pub rate: f64,
    /// As shown; empty where the metric has none.
    pub code: Arc<str>,
    pub flags: &'a Arc<str>,
    pub host: Option<&'a Arc<str>>,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub nodes: Vec<NodeDraft>,
    index: HashMap<Identity, usize>,
    pub edges: HashMap<EdgeKey, EdgeDraft>,
    /// Services by number, and what each source asked of each.
    services: HashMap<Identity, usize>,
    asked: HashMap<(usize, usize, Protocol), f64>,
}

impl Ledger {
    /// The node of this identity, made on first sight. `end` adds the names its labels carry.
    pub(super) fn node(&mut self, identity: Identity, end: Option<&End>) -> usize {
        let at = self.index.get(&identity).copied().unwrap_or_else(|| {
            let at = self.nodes.len();
            self.nodes.push(NodeDraft { identity: identity.clone(), ..NodeDraft::default() });
            self.index.insert(identity, at);
            at
        });
        if let (Some(end), Some(node)) = (end, self.nodes.get_mut(at)) {
            note(&mut node.workloads, end.workload.as_ref());
            note(&mut node.versions, end.version.as_ref());
            note(&mut node.apps, end.app.as_ref());
        }
        at
    }

    /// The node of this identity, if there is one.
    pub(super) fn find(&self, identity: &Identity) -> Option<usize> {
        self.index.get(identity).copied()
    }

    pub(super) fn service(&mut self, identity: &Identity) -> usize {
        if let Some(&number) = self.services.get(identity) {
            return number;
        }
        let number = self.services.len();
        self.services.insert(identity.clone(), number);
        number
    }

    pub(super) fn draft(&mut self, node: usize) -> Option<&mut NodeDraft> {
        self.nodes.get_mut(node)
    }

    /// Adds a row to an edge, made on first sight.
    pub(super) fn add(&mut self, ends: (usize, usize), service: Option<usize>, entry: &Entry<'_>) {
        let edge = self.edges.entry((ends.0, ends.1, entry.protocol)).or_default();
        edge.services.extend(service);
        edge.rate += entry.rate;
        if entry.rate > 0.0 {
            edge.classify(entry);
        }
    }

    /// Notes what a node asked of a service: the whole of which edges are shares.
    pub(super) fn ask(&mut self, node: usize, service: usize, protocol: Protocol, rate: f64) {
        *self.asked.entry((node, service, protocol)).or_default() += rate;
    }

    /// What the source asked of the services of an edge.
    pub(super) fn whole(&self, key: EdgeKey, edge: &EdgeDraft) -> Option<f64> {
        let asked = |&service: &usize| self.asked.get(&(key.0, service, key.2));
        let whole: f64 = edge.services.iter().filter_map(asked).sum();
        (whole > 0.0).then_some(whole)
    }
}

impl EdgeDraft {
    fn classify(&mut self, entry: &Entry<'_>) {
        let rate = entry.rate;
        let code = &*entry.code;
        match entry.protocol {
            Protocol::Http => match code.as_bytes().first() {
                Some(b'-') => self.rate_no_response += rate,
                Some(b'3') => self.rate_3xx += rate,
                Some(b'4') => self.rate_4xx += rate,
                Some(b'5') => self.rate_5xx += rate,
                _ => {}
            },
            Protocol::Grpc => match code {
                "-" => self.rate_no_response += rate,
                // Statuses have one or two digits; three are HTTP's.
                "" | "0" => {}
                code if code.len() == 3 && !code.starts_with(['4', '5']) => {}
                _ => self.rate_err += rate,
            },
            Protocol::Tcp => {}
        }
        let or_dash = |text: &Arc<str>| {
            if text.is_empty() { Arc::from("-") } else { Arc::clone(text) }
        };
        let host = entry.host.map_or_else(|| Arc::from("-"), Arc::clone);
        let response = [or_dash(&entry.code), or_dash(entry.flags), host];
        *self.responses.entry(response).or_default() += rate;
    }
}

fn note(names: &mut BTreeSet<Arc<str>>, name: Option<&Arc<str>>) {
    if let Some(name) = name
        && !names.contains(name)
    {
        names.insert(Arc::clone(name));
    }
}
