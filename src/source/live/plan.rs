//! What is asked for just now; every task of a session follows it.

use std::time::Duration;

use jiff::Timestamp;

use crate::mesh::Scope;
use crate::mesh::graph::GraphOptions;
use crate::source::{LatencyBy, SourceOptions, TelemetryRequest};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// Grows with every change of what is asked about.
    pub number: u64,
    pub scope: Scope,
    pub window: Duration,
    pub refresh: Duration,
    pub time: Option<Timestamp>,
    pub graph: GraphOptions,
    pub latency: Option<LatencyBy>,
    pub throughput: bool,
    pub counts: bool,
    pub events: bool,
    pub paused: bool,
}

/// Asking more often than this serves nobody.
const QUICKEST: Duration = Duration::from_millis(500);

impl Plan {
    pub(super) fn new(options: &SourceOptions) -> Self {
        Self {
            number: 0,
            scope: options.scope.clone(),
            window: options.window,
            refresh: options.refresh,
            time: options.time,
            graph: GraphOptions::default(),
            latency: None,
            throughput: false,
            counts: false,
            events: false,
            paused: false,
        }
    }

    /// Whether answers to another plan are answers to this one.
    pub(super) fn asks_about_the_same_as(&self, other: &Self) -> bool {
        (&self.scope, self.window, self.time, &self.graph)
            == (&other.scope, other.window, other.time, &other.graph)
    }

    pub(super) fn every(&self) -> Duration {
        self.refresh.max(QUICKEST)
    }

    /// The quick questions.
    pub(super) fn rates(&self) -> TelemetryRequest {
        let request = TelemetryRequest::for_graph(self.scope.clone(), self.window, &self.graph);
        TelemetryRequest { time: self.time, ..request }
    }

    /// The questions that take longer, if any is wanted.
    pub(super) fn slow(&self) -> Option<TelemetryRequest> {
        let request = TelemetryRequest {
            requests: false,
            tcp_sent: false,
            tcp_received: false,
            grpc_sent: false,
            grpc_received: false,
            latency: self.latency,
            throughput: self.throughput,
            counts: self.counts,
            ..self.rates()
        };
        (self.latency.is_some() || self.throughput || self.counts).then_some(request)
    }
}
