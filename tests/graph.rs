//! The graph's numbers: Kiali's own cases, and what must hold for any traffic.

#[path = "graph/cases.rs"]
mod cases;
#[path = "graph/conformance.rs"]
mod conformance;
#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "graph/properties.rs"]
mod properties;
#[path = "support/shared.rs"]
mod shared;
