//! The graph's numbers: Kiali's own cases, and what must hold for any traffic.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic and print"
)]

#[path = "graph/cases.rs"]
pub mod cases;
#[path = "graph/conformance.rs"]
pub mod conformance;
#[path = "support/embedded.rs"]
mod embedded;
#[path = "graph/kinds.rs"]
pub mod kinds;
#[path = "graph/latency.rs"]
pub mod latency;
#[path = "graph/odd.rs"]
pub mod odd;
#[path = "support/prometheus.rs"]
pub mod prometheus;
#[path = "graph/properties.rs"]
pub mod properties;
#[path = "support/shared.rs"]
pub mod shared;
#[path = "graph/throughput.rs"]
pub mod throughput;
