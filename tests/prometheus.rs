//! The client against servers that misbehave, against recorded answers, and against a real
//! Prometheus.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may panic and print"
)]

#[path = "prometheus/faults.rs"]
pub mod faults;
#[path = "support/prometheus.rs"]
pub mod prometheus;
#[path = "prometheus/samples.rs"]
pub mod samples;
#[path = "support/shared.rs"]
pub mod shared;
