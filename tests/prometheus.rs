//! The client against servers that misbehave, against recorded answers, and against a real
//! Prometheus.

#[path = "prometheus/faults.rs"]
mod faults;
#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "prometheus/samples.rs"]
mod samples;
#[path = "support/shared.rs"]
mod shared;
