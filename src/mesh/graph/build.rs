//! From rows to a graph: every usable row is read once, one reporter a pair of ends counts.

use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use super::call::{self, Call};
use super::identity::{Identity, Naming, is_egress_cluster};
use super::ledger::{Entry, Ledger, Measured};
use super::reporter::{Choice, Pair};
use super::{Graph, GraphInput, GraphType, Protocol, RateKind, Throughput, finish, idle};
use crate::mesh::telemetry::{End, LatencyRow, RateRow, Reporter};

/// Builds the graph that the options ask for. The answer is sorted, and depends on nothing but
/// the input.
pub fn build(input: &GraphInput<'_>) -> Graph {
    let naming = Naming::new(input.options.graph_type, input.objects, input.inventory);
    let mut builder =
        Builder { input, naming, ledger: Ledger::default(), serves: HashMap::default() };
    builder.read_all();
    if input.options.idle {
        idle::add(input, &mut builder.ledger);
    }
    finish::graph(input, &builder.naming, &builder.ledger)
}

/// A usable row and what it counts.
struct Counted<'a> {
    call: Call,
    pair: Pair,
    row: &'a RateRow,
    code: Arc<str>,
}

struct Builder<'a> {
    input: &'a GraphInput<'a>,
    naming: Naming,
    ledger: Ledger,
    /// In a service graph: the service that a workload's own calls are counted for.
    serves: HashMap<Identity, Identity>,
}

impl Builder<'_> {
    fn read_all(&mut self) {
        let (telemetry, options) = (self.input.telemetry, self.input.options);
        let wanted = |kind: RateKind, one: RateKind| kind == one || kind == RateKind::Total;
        let requests = self.usable(telemetry.requests.rows(), |row| {
            call::protocol_of_requests(&row.flow.protocol, options)
        });
        let mut metrics = vec![requests];
        // Istio counts TCP bytes as the server sees them: what clients send is received.
        for (rows, kind, one, protocol) in [
            (&telemetry.tcp_received, options.tcp, RateKind::Sent, Protocol::Tcp),
            (&telemetry.tcp_sent, options.tcp, RateKind::Received, Protocol::Tcp),
            (&telemetry.grpc_sent, options.grpc, RateKind::Sent, Protocol::Grpc),
            (&telemetry.grpc_received, options.grpc, RateKind::Received, Protocol::Grpc),
        ] {
            if wanted(kind, one) {
                metrics.push(self.usable(rows.rows(), |_| Some(protocol)));
            }
        }
        if options.graph_type == GraphType::Service {
            self.learn_services(&metrics);
        }
        for rows in &metrics {
            self.count(rows);
        }
        for rows in &metrics {
            self.judge_security(rows);
        }
        self.read_histograms(&metrics);
    }

    fn usable<'r>(
        &self,
        rows: &'r [RateRow],
        protocol: impl Fn(&RateRow) -> Option<Protocol>,
    ) -> Vec<Counted<'r>> {
        let least = if self.input.options.idle { 0.0 } else { f64::MIN_POSITIVE };
        let usable = rows.iter().filter(|row| row.rate.is_finite() && row.rate >= least);
        usable
            .filter_map(|row| {
                let protocol = protocol(row)?;
                let call = Call::of(&row.flow, protocol, self.input.scope)?;
                let code = call::code(protocol, row);
                Some(Counted { pair: Pair::of(&call), call, row, code })
            })
            .collect()
    }

    /// Which service stands for each workload that serves one: the one named as its app, else the
    /// first by name. One only, so that a workload behind two services sends its calls once.
    fn learn_services(&mut self, metrics: &[Vec<Counted<'_>>]) {
        for counted in metrics.iter().flatten() {
            let call = &counted.call;
            if call.service.name.is_none() || call.destination.workload.is_none() {
                continue;
            }
            let workload = Identity::workload(&call.destination);
            let service = self.naming.called(call);
            let rank =
                |service: &Identity| (service.service != call.destination.app, service.clone());
            let known = self.serves.entry(workload).or_insert_with(|| service.clone());
            if rank(&service) < rank(known) {
                *known = service;
            }
        }
    }

    fn count(&mut self, rows: &[Counted<'_>]) {
        let mut choice = Choice::default();
        for counted in rows {
            choice.note(counted.pair.clone(), counted.call.reporter, counted.row.rate);
        }
        for counted in rows {
            if choice.of(&counted.pair) == counted.call.reporter {
                self.enter(counted);
            }
        }
    }

    /// Adds a chosen row to its edge, or to the two edges by way of its service.
    fn enter(&mut self, counted: &Counted<'_>) {
        let call = &counted.call;
        let Some((source, target)) = self.ends(call) else { return };
        let source = self.ledger.node(source, Some(&call.source));
        let has_service = call.service.name.is_some();
        let called = self.naming.called(call);
        let service = (has_service || call.is_unserved()).then(|| self.ledger.service(&called));
        let entry = Entry {
            protocol: call.protocol,
            rate: counted.row.rate,
            code: Arc::clone(&counted.code),
            flags: &counted.row.flags,
            host: call.service.host.as_ref(),
        };
        if let Some(service) = service {
            self.ledger.ask(source, service, call.protocol, entry.rate);
        }
        let end = (target.kind != super::NodeType::Service).then_some(&call.destination);
        let is_service = end.is_none();
        let via = (!is_service && self.injects(call)).then(|| self.ledger.node(called, None));
        let target = self.ledger.node(target, end);
        for (node, end) in [(source, &call.source), (target, &call.destination)] {
            let waypoint = self.naming.is_waypoint(end);
            if let Some(draft) = self.ledger.draft(node) {
                draft.waypoint |= waypoint;
            }
        }
        if let (Some(via), Some(service)) = (via, service) {
            self.ledger.add((source, via), Some(service), &entry);
            self.ledger.ask(via, service, call.protocol, entry.rate);
            self.ledger.add((via, target), Some(service), &entry);
        } else {
            self.ledger.add((source, target), service, &entry);
            if let Some(service) = service.filter(|_| is_service) {
                self.ledger.ask(target, service, call.protocol, entry.rate);
            }
        }
        let service_node = if is_service { Some(target) } else { via };
        self.note_service(service_node, counted);
    }

    /// What a service was asked, and what of it no workload took.
    fn note_service(&mut self, service: Option<usize>, counted: &Counted<'_>) {
        let injected =
            self.input.options.graph_type == GraphType::Service || !counted.call.is_unserved();
        let Some(draft) = service.and_then(|node| self.ledger.draft(node)) else { return };
        draft.injected |= injected;
        if counted.call.protocol == Protocol::Tcp || counted.code.is_empty() {
            return;
        }
        draft.asked += counted.row.rate;
        // A host outside the mesh has no workload either; where a request failed before a host
        // was chosen, a flag says so.
        if counted.call.is_unserved() && !matches!(&*counted.row.flags, "" | "-") {
            draft.unserved += counted.row.rate;
        }
    }

    /// The nodes at the ends of a call; `None` where this graph type does not show it.
    fn ends(&self, call: &Call) -> Option<(Identity, Identity)> {
        let source = self.naming.source(&call.source);
        if self.input.options.graph_type != GraphType::Service {
            return Some((source, self.naming.destination(call)));
        }
        // A service graph ends where no service is called.
        let served = call.service.name.is_some() || call.is_unserved();
        let own = self.serves.get(&source).cloned().unwrap_or(source);
        served.then(|| (own, self.naming.called(call)))
    }

    fn injects(&self, call: &Call) -> bool {
        let ends = [&call.source, &call.destination];
        self.input.options.service_nodes
            && call.service.name.is_some()
            && !is_egress_cluster(call.service.name.as_deref())
            && !ends.into_iter().any(|end| self.naming.is_waypoint(end))
    }

    /// The edges that a call runs along, where they exist.
    fn edges_of(&self, call: &Call) -> Vec<super::ledger::EdgeKey> {
        let Some((source, target)) = self.ends(call) else { return Vec::new() };
        let (Some(source), Some(target)) = (self.ledger.find(&source), self.ledger.find(&target))
        else {
            return Vec::new();
        };
        let via = self.injects(call).then(|| self.ledger.find(&self.naming.called(call))).flatten();
        let keys = match via {
            Some(via) if via != target => {
                vec![(source, via, call.protocol), (via, target, call.protocol)]
            }
            _ => vec![(source, target, call.protocol)],
        };
        keys.into_iter().filter(|key| self.ledger.edges.contains_key(key)).collect()
    }

    /// Only receivers know whether a connection was mutual TLS, whoever counted the requests; a
    /// waypoint's word is taken where the destination's proxy says nothing.
    fn judge_security(&mut self, rows: &[Counted<'_>]) {
        let by = |reporter: Reporter| {
            let told = rows.iter().filter(|counted| counted.row.mtls.is_some());
            told.filter(move |counted| counted.call.reporter == reporter)
        };
        let settled: HashSet<&Pair> =
            by(Reporter::Destination).map(|counted| &counted.pair).collect();
        let waypoints = by(Reporter::Waypoint).filter(|counted| !settled.contains(&counted.pair));
        for counted in by(Reporter::Destination).chain(waypoints) {
            for key in self.edges_of(&counted.call) {
                if let Some(edge) = self.ledger.edges.get_mut(&key) {
                    let secured = counted.row.mtls == Some(true);
                    edge.judged += counted.row.rate;
                    edge.secured += if secured { counted.row.rate } else { 0.0 };
                }
            }
        }
    }

    /// Adds histograms to the edges they belong to, and to the nodes that took the requests.
    fn read_histograms(&mut self, metrics: &[Vec<Counted<'_>>]) {
        let telemetry = self.input.telemetry;
        let sums = [&telemetry.latency_sum, &telemetry.request_bytes, &telemetry.response_bytes];
        if telemetry.latency.rows().is_empty() && sums.iter().all(|part| part.rows().is_empty()) {
            return;
        }
        let names = Names::learn(metrics);
        for LatencyRow { flow, buckets } in telemetry.latency.rows() {
            self.measure(&names, flow, |measured| measured.latency.add(buckets));
        }
        let add_latency: fn(&mut Measured, f64) = |to, rate| to.latency.add_sum(rate);
        let add_request: fn(&mut Measured, f64) = |to, rate| {
            let bytes = Throughput { request_bytes: Some(rate), ..Throughput::default() };
            to.throughput = to.throughput + bytes;
        };
        let add_response: fn(&mut Measured, f64) = |to, rate| {
            let bytes = Throughput { response_bytes: Some(rate), ..Throughput::default() };
            to.throughput = to.throughput + bytes;
        };
        for (part, add) in sums.into_iter().zip([add_latency, add_request, add_response]) {
            for row in part.rows().iter().filter(|row| row.rate >= 0.0) {
                self.measure(&names, &row.flow, |measured| add(measured, row.rate));
            }
        }
    }

    /// Adds what was measured of a flow to the edges it belongs to, and to the nodes it went to.
    fn measure(
        &mut self,
        names: &Names,
        flow: &crate::mesh::telemetry::Flow,
        add: impl Fn(&mut Measured),
    ) {
        for key in self.edges_of_flow(names, flow) {
            if let Some(edge) = self.ledger.edges.get_mut(&key) {
                add(&mut edge.measured);
            }
            if let Some(node) = self.ledger.draft(key.1) {
                add(&mut node.measured);
            }
        }
    }

    fn edges_of_flow(
        &self,
        names: &Names,
        flow: &crate::mesh::telemetry::Flow,
    ) -> Vec<super::ledger::EdgeKey> {
        let protocol = call::protocol_of_requests(&flow.protocol, self.input.options);
        let Some(mut call) = protocol.and_then(|p| Call::of(flow, p, self.input.scope)) else {
            return Vec::new();
        };
        names.complete(&mut call.source);
        names.complete(&mut call.destination);
        self.edges_of(&call)
    }
}

/// App and version of the workloads that rows of requests named: histograms carry neither.
struct Names {
    known: HashMap<Identity, Name>,
}

type Name = (Option<Arc<str>>, Option<Arc<str>>);

impl Names {
    fn learn(metrics: &[Vec<Counted<'_>>]) -> Self {
        let mut known = HashMap::default();
        for counted in metrics.iter().flatten() {
            for end in [&counted.call.source, &counted.call.destination] {
                let name = (end.app.clone(), end.version.clone());
                known.entry(Identity::workload(end)).or_insert(name);
            }
        }
        Self { known }
    }

    fn complete(&self, end: &mut End) {
        if let Some((app, version)) = self.known.get(&Identity::workload(end)) {
            end.app.clone_from(app);
            end.version.clone_from(version);
        }
    }
}
